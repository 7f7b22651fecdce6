package didit

type Decision struct{}
type Feature struct{}
type Features []Feature
type singularBlocks struct{}

func (s *singularBlocks) lift(d *Decision) {}
