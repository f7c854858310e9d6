package ledger

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell"
)

// anchorEvery is after how many records a tree's checkpoint goes into the global tree at the latest. It bounds how far a
// truncation can go unseen and how narrow Verify's answer is where records and hashes were forged together.
const anchorEvery = 64

// Log is the ledger over one store and one key. It holds no state of its own besides these: what must be remembered
// between appends is in the Lease. Its methods may be called from several goroutines.
type Log struct {
	store  Store
	signer note.Signer
	key    *PublicKey
	clock  quell.Clock
}

// Open makes a log. A nil signer gives a log that can be read and verified but not appended to.
func Open(store Store, signer note.Signer, key *PublicKey, clock quell.Clock) *Log {
	return &Log{store: store, signer: signer, key: key, clock: clock}
}

// Key is the public key that checkpoints are verified with.
func (l *Log) Key() *PublicKey { return l.key }

// Incidents names every incident that has records, in the order of their names.
func (l *Log) Incidents(ctx context.Context) ([]string, error) {
	heads, err := l.store.Heads(ctx)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	names := make([]string, 0, len(heads))
	for _, h := range heads {
		if h.Tree != System && h.Tree != Global {
			names = append(names, h.Tree)
		}
	}
	return names, nil
}

// Size is the number of an incident's records, 0 for one that is not known.
func (l *Log) Size(ctx context.Context, incident string) (int64, error) {
	head, err := l.store.Head(ctx, incident)
	if err != nil {
		return 0, fmt.Errorf("read the head of %s: %w", quell.Cut(incident, 40), err)
	}
	return head.Size, nil
}

// Root is the size and the root hash (base64) of an incident's tree: what a quell.Closing fixes.
func (l *Log) Root(ctx context.Context, incident string) (int64, string, error) {
	size, err := l.Size(ctx, incident)
	if err != nil {
		return 0, "", err
	}
	root, err := tlog.TreeHash(size, l.hashes(ctx, incident))
	if err != nil {
		return 0, "", fmt.Errorf("read the root of %s: %w", incident, err)
	}
	return size, root.String(), nil
}

// Checkpoint is the signed note over all of an incident's records, as written with its last append. Kept elsewhere, it
// proves later that nothing up to here was changed or cut off.
func (l *Log) Checkpoint(ctx context.Context, incident string) ([]byte, error) {
	head, err := l.store.Head(ctx, incident)
	if err != nil {
		return nil, fmt.Errorf("read the head of %s: %w", quell.Cut(incident, 40), err)
	}
	if head.Size == 0 {
		return nil, unknownIncident(incident)
	}
	return head.Note, nil
}

// hashes reads a tree's hashes in the form that package tlog takes.
func (l *Log) hashes(ctx context.Context, tree string) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return l.store.Hashes(ctx, tree, indexes)
	})
}

var errReadOnly = errors.New("this ledger was opened without a signing key")

func unknownIncident(name string) error {
	return &quell.Error{
		Code: quell.CodeUsage,
		What: "no incident " + quell.Cut(name, 40) + " in this ledger",
		Next: "`quell incident list` names those there are",
	}
}
