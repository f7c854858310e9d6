package actiontest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/quell-ir/quell/internal/moto"
	"github.com/quell-ir/quell/sandbox"
)

// Sandbox opens a fresh simulated account, whose writes take seconds to take hold.
func Sandbox(*testing.T) Account {
	world := sandbox.New(sandbox.Options{Seed: 1})
	return Account{
		Config: world.Admin, Clock: world.Clock(), ID: world.Account(), Delay: 10 * time.Second,
		Respond: "arn:aws:iam::" + world.Account() + ":user/quell-responder",
	}
}

// Wire opens an emptied account behind a socket: requests are written and answers read as AWS has them. Tests that use it
// must not run in parallel, and are skipped with -short and where the emulator is not installed.
func Wire(t *testing.T) Account {
	t.Helper()
	if testing.Short() {
		t.Skip("over the wire: not with -short")
	}
	server := moto.Start(t)
	return Account{
		Config: server.Config, Clock: &hurried{}, ID: server.Account,
		// Emptying an emulator costs seconds; the sandbox is killed after every record.
		Kills:   3,
		Respond: "arn:aws:iam::" + server.Account + ":user/quell-responder",
	}
}

// Contracts runs a case in the sandbox and over the wire; both must agree with the contract. A case that needs what the
// emulator lacks says so in sandboxOnly, and is shown as skipped there.
func Contracts(t *testing.T, c Case, sandboxOnly string) {
	t.Helper()
	t.Run("sandbox", func(t *testing.T) { Contract(t, Sandbox, c) })
	t.Run("wire", func(t *testing.T) {
		if sandboxOnly != "" {
			t.Skip("in the sandbox only: " + sandboxOnly)
		}
		Contract(t, Wire, c)
	})
}

// hurried is the wall clock for which every sleep is over at once: an emulator's writes take hold at once too.
type hurried struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now implements quell.Clock.
func (h *hurried) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().UTC().Add(h.ahead)
}

// Sleep implements quell.Clock.
func (h *hurried) Sleep(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ahead += d
	return ctx.Err()
}
