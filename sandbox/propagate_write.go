package sandbox

import (
	"time"

	"github.com/quell-ir/quell/sandbox/policy"
)

// lagged is a value whose readers for enforcement see each write only after its delay. Reads by Get and List do not go
// through it: they see the newest value at once, which is the trap this models.
//
// Every version carries the whole value. Where a later write takes hold before an earlier one, the earlier never shows.
type lagged[T any] struct{ versions []version[T] }

type version[T any] struct {
	at    time.Time
	value T
}

func (l *lagged[T]) write(at time.Time, value T) {
	l.versions = append(l.versions, version[T]{at, value})
}

// read returns the value in force; ok is false before the first takes hold.
func (l *lagged[T]) read(now time.Time) (value T, ok bool) {
	for i := len(l.versions) - 1; i >= 0; i-- {
		if !l.versions[i].at.After(now) {
			l.versions = l.versions[i:]
			return l.versions[0].value, true
		}
	}
	return value, false
}

// permissions is what enforcement knows of a user or role. It is never changed once written.
type permissions struct {
	gone     bool
	identity []*policy.Document
	boundary *policy.Document
	trust    *policy.Document
	tags     map[string]string
}

// effective is when a write made now takes hold.
func (w *World) effective(now time.Time) time.Time {
	return now.Add(draw(w.delay, w.opt.PropagationMin, w.opt.PropagationMax))
}

// spread publishes the present state of a user or role to enforcement.
func (a *account) spread(p *principal, at time.Time) {
	view := &permissions{gone: p.deleted, trust: p.trustDoc}
	view.identity = a.collect(view.identity, p)
	for _, g := range p.groups {
		view.identity = a.collect(view.identity, &g.principal)
	}
	if p.boundary != "" {
		view.boundary = a.document(p.boundary)
	}
	if len(p.tags) > 0 {
		view.tags = make(map[string]string, len(p.tags))
		for _, t := range p.tags {
			view.tags[t.key] = t.value
		}
	}
	p.enforced.write(at, view)
}

// collect appends the documents a principal holds, embedded and attached.
func (a *account) collect(docs []*policy.Document, p *principal) []*policy.Document {
	for _, in := range p.inline {
		docs = append(docs, in.doc)
	}
	for _, arn := range p.attached {
		if doc := a.document(arn); doc != nil {
			docs = append(docs, doc)
		}
	}
	return docs
}

// spreadFrom publishes everybody a managed policy or group touches; arn may name either.
func (a *account) spreadFrom(arn string, at time.Time) {
	for _, u := range a.users {
		if u.holds(arn) {
			a.spread(&u.principal, at)
		}
	}
	for _, r := range a.roles {
		if r.holds(arn) {
			a.spread(&r.principal, at)
		}
	}
}
