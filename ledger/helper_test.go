package ledger_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/store/memory"
)

// clock is a quell.Clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// testKey makes a key that is the same in every run for the same seed.
func testKey(t testing.TB, seed uint64) (note.Signer, *ledger.PublicKey) {
	t.Helper()
	var bytes [32]byte
	for i := range 4 {
		s := rand.NewPCG(seed, uint64(i)).Uint64()
		for k := range 8 {
			bytes[i*8+k] = byte(s >> (8 * k))
		}
	}
	name := fmt.Sprintf("quell-test%d", seed)
	secret, _, err := note.GenerateKey(strings.NewReader(string(bytes[:])), name)
	check(t, err)
	signer, err := note.NewSigner(secret)
	check(t, err)
	public, err := note.NewEd25519VerifierKey(name, ed25519.NewKeyFromSeed(bytes[:]).Public().(ed25519.PublicKey))
	check(t, err)
	key, err := ledger.ParsePublicKey(public)
	check(t, err)
	return signer, key
}

func newStore() *memory.Store { return memory.New() }

func newLog(t testing.TB, store ledger.Store) *ledger.Log {
	t.Helper()
	signer, key := testKey(t, 1)
	return ledger.Open(store, signer, key, newClock())
}

// filled is a log over a new store with one incident of n records. Every 20th names an artefact.
func filled(t testing.TB, n int) (*ledger.Log, *memory.Store) {
	t.Helper()
	store := memory.New()
	log := newLog(t, store)
	fill(t, log, "inc", n)
	return log, store
}

func fill(t testing.TB, log *ledger.Log, incident string, n int) {
	t.Helper()
	lease, err := log.Acquire(t.Context(), incident, "ann", time.Minute)
	check(t, err)
	for i := range n {
		_, err := log.Append(t.Context(), lease, newRecord(t, incident, i))
		check(t, err)
	}
	check(t, lease.Release(t.Context()))
}

func newRecord(t testing.TB, incident string, i int) quell.Record {
	t.Helper()
	kind, payload := quell.RecordNote, any(quell.Note{Text: fmt.Sprintf("note %d", i)})
	if i%20 == 3 {
		content := artefact(i)
		kind, payload = quell.RecordEvidence, quell.Evidence{Name: fmt.Sprintf("trail %d", i),
			SHA256: sumOf(content), Size: int64(len(content)), Complete: true}
	}
	r, err := quell.NewRecord(incident, kind, "quell", "", payload)
	check(t, err)
	return r
}

func artefact(i int) string { return fmt.Sprintf("the content of artefact %d", i) }

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tells fails unless some problem contains each of the texts, in one line.
func tells(t *testing.T, r ledger.Report, texts ...string) {
	t.Helper()
	if r.OK {
		t.Fatal("the report says that all is well")
	}
	for _, p := range r.Problems {
		found := true
		for _, text := range texts {
			found = found && strings.Contains(p.String(), text)
		}
		if found {
			return
		}
	}
	t.Errorf("no problem tells %q; there are:", texts)
	for _, p := range r.Problems {
		t.Log(p)
	}
}
