package testkit

// What the tests name. The same value never stands for two things.
const (
	APIKey = "sk_test_Zq8wN3vTt1LkYpR6xUe0BhCj5MdGfAs2WoIi7uE9rQy" //nolint:gosec // nobody's

	SessionID     = "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01" // the session that a call is about
	SourceID      = "0d7f9a3c-25c4-4e0c-8a55-96a1f0a7b002" // A's session, which A shares
	OtherSourceID = "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a02" // another one of A's
	CopyID        = "0d7f9a3c-25c4-4e0c-8a55-96a1f0a7b001" // B's copy of it
	SecondCopyID  = "0d7f9a3c-25c4-4e0c-8a55-96a1f0a7b003" // a second copy, also B's

	ApplicationA = "e81fd0aa-4c37-4b7e-9a90-b5d62c1e4005" // shares
	ApplicationB = "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c003" // imports
	ApplicationC = "f92ae1bb-5d48-4c8f-8ba1-c6e73d2f5006" // a third one

	WorkflowID         = "c2a7e8d4-3b16-4f0a-8e57-7f5c6b4d3004" // B's for people
	BusinessWorkflowID = "c2a7e8d4-3b16-4f0a-8e57-7f5c6b4d3005" // B's for companies
)
