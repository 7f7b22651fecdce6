// Package didittest is a stand-in for Didit: a complete, in-memory server for the
// calls of package didit, on a real socket. It holds the state that matters between
// two partners: who may redeem what, until when, how often, and what is left after an
// answer got lost.
//
//	server := didittest.NewServer()
//	defer server.Close()
//	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
//	session := a.AddSession(didittest.SessionFixture{}) // approved, of an invented person
//	client := a.Client()                                // a *didit.Client with A's key
//
// Time is the test's: [Server.Advance] moves the server's clock, so that tokens expire,
// rate limits pass and webhooks become due without waiting. [Server.Inject] makes calls
// go wrong. [Server.Requests] says what arrived, with keys and tokens masked.
//
// It follows Didit's public documentation by a reading of its own and shares no code
// with the client, so that one mistake does not hide in both. Where the documentation
// has several ages, [WithDialect] chooses; where it says nothing, an option does, and its
// comment says what the default is. Nothing in it was checked against the live service.
//
// It cannot pass for Didit: everything it makes says environment "sandbox", its keys
// start with "sk_test_didittest_", and a key that starts with "sk_live_" is refused and
// not recorded.
//
// # Other languages
//
// The program examples/sandbox serves it to clients in any language, and [Server.Control]
// beside it, which does for them what the methods here do for Go, and is a page for people:
//
//	go install github.com/didit-go/didit/examples/sandbox@latest
//	sandbox -addr 127.0.0.1:8123 -control 127.0.0.1:8124
//
// It prints one line of JSON with the base URL, the control API's address, the keys of
// two applications and the ids of the first one's sessions. A test in Python, Node or Java
// starts it, reads the line, points its own client at base_url, and ends it with SIGTERM.
// (go run does not pass a SIGTERM on: it ends, and the program goes on.) The README in this
// directory has quick starts, and says what the stand-in does not do.
package didittest
