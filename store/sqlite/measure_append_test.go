package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/store/keyfile"
	"github.com/quell-ir/quell/store/sqlite"
)

func measure(t testing.TB, appends, records int) sqlite.Measured {
	t.Helper()
	dir := t.TempDir()
	signer, public, err := keyfile.LoadOrCreateKey(filepath.Join(dir, "key"))
	must(t, err)
	m, err := sqlite.Measure(t.Context(), dir, signer, public, quell.WallClock{}, appends, records)
	must(t, err)
	return m
}

func TestMeasure(t *testing.T) {
	// 100 records, and one anchor in the global tree.
	if m := measure(t, 10, 100); m.Records != 100+1 || m.Appends != 10 {
		t.Errorf("measured %+v", m)
	}
}

// BenchmarkAppendDurable appends 1000 records one by one, each on disk before the next.
func BenchmarkAppendDurable(b *testing.B) {
	for b.Loop() {
		m := measure(b, 1000, 0)
		b.ReportMetric(m.Append.Seconds(), "s/1000-appends")
		b.ReportMetric(m.Sync.Seconds(), "s/1000-fsyncs")
	}
}

// BenchmarkVerify100k verifies a ledger of 100 000 records.
func BenchmarkVerify100k(b *testing.B) {
	for b.Loop() {
		m := measure(b, 0, 100_000)
		b.ReportMetric(m.Verify.Seconds(), "s/verify")
	}
}
