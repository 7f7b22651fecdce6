// Package handoff carries share tokens from the partner that shares to the partner
// that imports. Didit leaves that step to "their own secure channel"; this is one.
//
// Push: A delivers to B.
//
//	sender, err := handoff.NewSender("https://b.example/handoff", secret)
//	receipt, err := sender.Send(ctx, envelope)
//
//	receiver, err := handoff.NewReceiver(b, secrets, handoff.Importer(client, policy, done))
//	http.Handle("/handoff", receiver)
//
// Pull: B asks A for one person, and A mints the token at that moment.
//
//	requester, err := handoff.NewRequester("https://a.example/handoff", secret)
//	envelope, err := requester.Request(ctx, request)
//
//	grantor, err := handoff.NewGrantor(a, secrets, grant)
//	http.Handle("/handoff", grantor)
//
// Messages are JSON, signed after Standard Webhooks with a secret that the two
// partners share: one per direction, "whsec_" and at least 24 random bytes in base64.
// README.md beside this file is the protocol in one page, for a partner without Go.
//
// A push is handled once. It is sent until it is accepted, refused or expired; the
// receiver remembers it in a [ReplayStore] and gives the same receipt to a second
// delivery. No token is ever stored. A pull is answered anew each time: one token more
// harms nobody and expires.
//
// Nothing of a message is used before its signature was verified, and everything
// before a good signature is answered in one and the same way. Why a message was
// refused goes to the log and the audit hook. No token, secret or reference is ever
// printed.
//
// Serve over https. A handler cannot bound how long headers take to arrive: set
// ReadHeaderTimeout on the [net/http.Server].
//
// https://docs.didit.me/sessions-api/share-session/overview
package handoff
