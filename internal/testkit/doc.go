// Package testkit holds what the tests of several packages share: ids, a client whose answers a test makes up, share
// tokens, every call of the client by name, and what an error matches. Only tests import it.
package testkit
