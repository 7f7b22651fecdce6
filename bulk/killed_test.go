package bulk_test

const childFile = "X"
func child() int { return 0 }
