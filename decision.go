package didit

// Decision is what Didit checked.
type Decision struct{}
