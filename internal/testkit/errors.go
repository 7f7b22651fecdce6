package testkit

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// Fields lists the fields that a [didit.ValidationError] names.
func Fields(t testing.TB, err error) []string {
	t.Helper()
	var v *didit.ValidationError
	require.ErrorAs(t, err, &v)
	require.ErrorIs(t, err, didit.ErrInvalidParams)
	require.NotEmpty(t, v.Problems)
	var fields []string
	for _, p := range v.Problems {
		fields = append(fields, p.Field)
	}
	return fields
}

// Sentinels are the sentinels of the client, by name.
var Sentinels = map[string]error{
	"ErrInvalidParams": didit.ErrInvalidParams, "ErrUnauthorized": didit.ErrUnauthorized, "ErrForbidden": didit.ErrForbidden,
	"ErrNotFound": didit.ErrNotFound, "ErrRateLimited": didit.ErrRateLimited, "ErrServer": didit.ErrServer,
	"ErrSessionNotShareable": didit.ErrSessionNotShareable, "ErrSelfShare": didit.ErrSelfShare,
	"ErrApplicationNotFound": didit.ErrApplicationNotFound, "ErrInvalidTTL": didit.ErrInvalidTTL,
	"ErrShareTokenInvalid": didit.ErrShareTokenInvalid, "ErrShareTokenExpired": didit.ErrShareTokenExpired,
	"ErrShareTokenForeign": didit.ErrShareTokenForeign, "ErrSourceSessionGone": didit.ErrSourceSessionGone,
	"ErrAlreadyImported": didit.ErrAlreadyImported, "ErrImportNotFound": didit.ErrImportNotFound,
	"ErrWorkflowNotFound": didit.ErrWorkflowNotFound, "ErrWorkflowKindMismatch": didit.ErrWorkflowKindMismatch,
	"ErrNotSent": didit.ErrNotSent, "ErrOutcomeUnknown": didit.ErrOutcomeUnknown, "ErrResultLost": didit.ErrResultLost,
	"ErrTokenNotSerializable": didit.ErrTokenNotSerializable,
}

// Matches names every sentinel that an error matches.
func Matches(err error) []string {
	names := []string{}
	for name, s := range Sentinels {
		if errors.Is(err, s) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Names turns "NotFound Server" into the names that [Matches] returns for an error that matches these two.
func Names(list string) []string {
	names := strings.Fields(list)
	for i := range names {
		names[i] = "Err" + names[i]
	}
	slices.Sort(names)
	if names == nil {
		names = []string{}
	}
	return names
}
