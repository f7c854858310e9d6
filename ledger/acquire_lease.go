package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quell-ir/quell"
)

// Lease is the right to write to one tree until a deadline. Its fencing token rises with each holder, so that a writer who
// slept through the end of his lease is refused by the store, whatever he believes.
// It may be used from several goroutines: their appends follow each other.
type Lease struct {
	log  *Log
	mu   sync.Mutex
	held Holding
	// tree is where we believe the tree ends; nil when that must be read anew.
	tree *fold
}

// Acquire takes the lease of an incident (or of System) for the time given. A live lease is never taken over, not even by
// the same owner: a process that died is waited out, as one that merely hangs must be. The error is then a *HeldError,
// which tells whom and how long to wait for; errors.Is(err, ErrHeld) is true.
// A new owner's arrival anchors the tree in the global one: what the former owner wrote is fixed from then on.
func (l *Log) Acquire(ctx context.Context, incident, owner string, ttl time.Duration) (*Lease, error) {
	if err := checkTree(incident); err != nil {
		return nil, err
	}
	if incident == Global {
		return nil, errors.New("acquire lease: the global tree belongs to the ledger itself")
	}
	if owner == "" || ttl <= 0 {
		return nil, errors.New("acquire lease: it needs an owner and a time to live")
	}
	now := l.clock.Now()
	held, err := l.store.Take(ctx, incident, owner, now, now.Add(ttl))
	if err != nil {
		return nil, fmt.Errorf("acquire the lease of %s: %w", incident, err)
	}
	lease := &Lease{log: l, held: held}
	if held.Before != "" && held.Before != owner && l.signer != nil {
		if err := l.anchor(ctx, incident); err != nil {
			return nil, errors.Join(err, lease.Release(ctx))
		}
	}
	return lease, nil
}

// Depose ends the lease of a holder that is known to be dead, so that nobody has to wait it out. A holder that is merely
// silent must not be deposed: its fencing token keeps it from writing, but not from sending what it is about to send.
func (l *Log) Depose(ctx context.Context, held *HeldError) error {
	err := l.store.Extend(ctx, Holding{Tree: held.Tree, Owner: held.Owner, Token: held.Token})
	if err != nil && !errors.Is(err, ErrFenced) {
		return fmt.Errorf("depose %s from %s: %w", held.Owner, held.Tree, err)
	}
	return nil
}

// Incident is the tree that the lease is for.
func (s *Lease) Incident() string { return s.held.Tree }

// Token is the lease's fencing token.
func (s *Lease) Token() int64 { return s.held.Token }

// Until is the lease's deadline.
func (s *Lease) Until() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held.Until
}

// Valid returns nil while the lease has more than margin left, else an error that is ErrExpired. It is asked right
// before a call is sent, with the call's time-out as margin.
func (s *Lease) Valid(margin time.Duration) error {
	until := s.Until()
	if left := until.Sub(s.log.clock.Now()); left <= margin {
		return fmt.Errorf("check the lease of %s: %w: %s left and %s needed",
			s.held.Tree, ErrExpired, max(left, 0).Round(time.Millisecond), margin)
	}
	return nil
}

// Renew moves the deadline to ttl from now; ErrFenced when another holder came meanwhile. A lease that ran out and that
// nobody took can be renewed.
func (s *Lease) Renew(ctx context.Context, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.held
	next.Until = s.log.clock.Now().Add(ttl)
	if err := s.log.store.Extend(ctx, next); err != nil {
		return fmt.Errorf("renew the lease of %s: %w", s.held.Tree, err)
	}
	s.held = next
	return nil
}

// Release frees the tree for others at once. To release a lease that was taken over meanwhile is no error.
func (s *Lease) Release(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The token stays: a late append of ours must still be refused once somebody else has come.
	next := s.held
	next.Until = time.Time{}
	if err := s.log.store.Extend(ctx, next); err != nil && !errors.Is(err, ErrFenced) {
		return fmt.Errorf("release the lease of %s: %w", s.held.Tree, err)
	}
	s.held = next
	return nil
}

// takenOver is the error for people whose lease went to somebody else.
func takenOver(tree string, err error) error {
	return &quell.Error{
		Code: quell.CodeRefused,
		What: "another process took over " + tree + "; nothing was recorded",
		Next: "stop here and look at what it does with `quell incident show " + tree + "`",
		Err:  err,
	}
}
