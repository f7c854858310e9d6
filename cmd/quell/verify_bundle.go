package main

import (
	"io"

	"github.com/quell-ir/quell/ledger"
)

// verifyBundle verifies with nothing but the bundle and what the reader knows from elsewhere.
func verifyBundle(r io.ReaderAt, size int64, key string, pinned [][]byte) (ledger.Report, error) {
	return ledger.VerifyBundle(r, size, key, pinned...)
}
