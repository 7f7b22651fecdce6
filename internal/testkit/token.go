package testkit

import (
	"encoding/base64"
	"fmt"
	"time"
)

// Token is a share token as Didit's look: a header, claims, a signature.
func Token(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(claims)) + "." + enc([]byte("Lr4vK8nDw0Pz7HsXyBqTmEgJcUaFo3iV"))
}

// Claims are claims of a token for ApplicationB that ends an hour from now.
func Claims(now time.Time) string {
	return fmt.Sprintf(`{"session_id":%q,"session_kind":"user","from_application_id":%q,"for_application_id":%q,"iat":%d,"exp":%d}`,
		SourceID, ApplicationA, ApplicationB, now.Unix(), now.Add(time.Hour).Unix())
}
