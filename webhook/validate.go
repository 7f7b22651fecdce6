package webhook

import (
	"strings"

	"github.com/didit-go/didit/internal/setting"
)

const minSecret = 16 // bytes; Didit's have 43

// checkSecret trims a secret and says what is wrong with it, without quoting it.
func checkSecret(secret string) (trimmed, problem string) {
	secret = strings.TrimSpace(secret)
	problem = setting.Pasted(secret)
	if problem == "" && len(secret) < minSecret {
		problem = "must have at least 16 bytes: is the variable set?"
	}
	return secret, problem
}
