package webhook

import (
	"reflect"
	"strings"
)

const minSecret = 16 // bytes; Didit's have 43

// checkSecret trims a secret and says what is wrong with it, without quoting it.
func checkSecret(secret string) (trimmed, problem string) {
	secret = strings.TrimSpace(secret)
	problem = checkPasted(secret)
	if problem == "" && len(secret) < minSecret {
		problem = "must have at least 16 bytes: is the variable set?"
	}
	return secret, problem
}

// checkPasted says what was copied along with a value.
func checkPasted(value string) (problem string) {
	const bearer = "Bearer "
	switch {
	case strings.Trim(value, "\"'`“”‘’«»") != value:
		return "must not be in quotes"
	case len(value) >= len(bearer) && strings.EqualFold(value[:len(bearer)], bearer):
		return `must not have "Bearer " before it`
	}
	return ""
}

// isNil also finds a nil pointer, map or function in an interface.
func isNil(value any) bool {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Slice, reflect.Chan:
		return v.IsNil()
	}
	return false
}
