package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/store/sqlite"
	"github.com/quell-ir/quell/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) ledger.Store { return open(t, filepath.Join(t.TempDir(), "a ?#%41", "ledger.db")) })
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return s
}
