package scope

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/trail"
)

// Bounds of one reading. An intruder can make sessions without end; what is cut is said.
const (
	maxPrincipals = 200
	maxDepth      = 4
	maxEvents     = 50_000
)

// errFull stops a reading that holds maxEvents.
var errFull = errors.New("full")

// Trail reads everything the principals did between both times, in every region: by access key for keys, by name for users,
// sessions and federated users, by the acts that assumed it for a role, by session name for an instance. An event
// counts only where its key or unique id is a principal's. What they made to act with (users, keys, sessions) is followed in
// turn, four steps deep and two hundred principals wide. A zero since reads 90 days, a zero until up to now.
//
// Buckets, secrets and other things do not act: nothing is read for them, and Blind says so. The error is the context's or the
// configuration's; refusals of CloudTrail are in Blind.
func (r Reader) Trail(ctx context.Context, principals []quell.Entity, since, until time.Time) (Sighting, error) {
	g, err := r.survey(ctx)
	if err != nil {
		return Sighting{}, err
	}
	h := &reading{
		ground: g, since: since, until: until, who: newParty(), events: map[string]quell.Event{},
		through: map[string]time.Time{}, notes: map[string]bool{},
	}
	for _, e := range principals {
		h.admit(e, 0)
	}
	// The list grows while it is walked.
	for i := 0; i < len(h.found); i++ {
		if err := h.follow(ctx, h.found[i]); errors.Is(err, errFull) {
			h.full = true
			break
		} else if err != nil {
			return Sighting{}, fmt.Errorf("read what %s did: %w", quell.Cut(cmp.Or(h.found[i].Name, h.found[i].ID), 80), err)
		}
	}
	return h.sighting(), nil
}

type query struct{ attribute, value string }

// reading is one Trail under way.
type reading struct {
	ground
	since, until time.Time
	who          *party
	found        []suspect
	events       map[string]quell.Event
	through      map[string]time.Time // least per region
	notes        map[string]bool
	cut          int // principals left out
	full         bool
}

// suspect is a principal and how many acts of making lie between it and those asked for.
type suspect struct {
	quell.Entity
	depth int
}

// admit adds a principal to those followed, once.
func (h *reading) admit(e quell.Entity, depth int) {
	if e.ID == "" || slices.ContainsFunc(h.found, func(have suspect) bool { return have.Key() == e.Key() }) {
		return
	}
	// A role session is looked for by its name, which finds what any of its keys signed: a pipeline that opens a hundred
	// sessions of one name a day costs one question.
	if depth > 0 && e.Kind == quell.KindAccessKey && strings.HasPrefix(e.Of, "AROA") {
		h.who.add(e)
		return
	}
	if len(h.found) >= maxPrincipals || depth > maxDepth {
		h.cut++
		return
	}
	h.found = append(h.found, suspect{e, depth})
	h.who.add(e)
}

// follow reads one principal's acts.
func (h *reading) follow(ctx context.Context, s suspect) error {
	switch s.Kind {
	case quell.KindAccessKey:
		return h.read(ctx, query{"AccessKeyId", s.ID}, s.depth)
	case quell.KindUser:
		return h.read(ctx, query{"Username", cmp.Or(s.Name, last(s.ARN))}, s.depth)
	case quell.KindRoot:
		return h.read(ctx, query{"Username", "root"}, s.depth)
	case quell.KindSession, quell.KindFederated, quell.KindInstance:
		// The trail's user name of a session is what stands behind the colon of its id; of an instance's it is the instance's id.
		_, name, found := strings.Cut(s.ID, ":")
		if !found || strings.HasPrefix(s.ID, "arn:") {
			name = cmp.Or(s.Name, s.ID)
		}
		return h.read(ctx, query{"Username", name}, s.depth)
	case quell.KindRole:
		// Acts of a role are recorded under its sessions' names, which only the acts that assumed it tell.
		return h.read(ctx, query{"ResourceName", cmp.Or(s.ARN, s.ID)}, s.depth)
	}
	h.notes[fmt.Sprintf("what was done to %s %s was not looked for: only principals' acts are", s.Kind, quell.Cut(s.ID, 100))] = true
	return nil
}

// read puts one question to every region that has not failed.
func (h *reading) read(ctx context.Context, q query, depth int) error {
	if q.value == "" {
		return nil
	}
	regions := slices.DeleteFunc(slices.Clone(h.regions), func(region string) bool { return h.blind[region] != "" })
	ask := trail.Query{Attribute: q.attribute, Value: q.value, Since: h.since, Until: h.until, Regions: regions}
	coverage, err := h.lookup.Each(ctx, ask, func(region string, raw []byte) error { return h.take(region, raw, depth) })
	for _, region := range coverage.Read {
		if have, ok := h.through[region.Name]; !ok || region.Through.Before(have) {
			h.through[region.Name] = region.Through
		}
		if region.Bare > 0 {
			h.notes[fmt.Sprintf("%s: %d events came without their record", region.Name, region.Bare)] = true
		}
	}
	for _, missing := range slices.Concat(coverage.Refused, coverage.Unavailable) {
		h.blind[missing.Region] = missing.Why
	}
	return err
}

// take keeps a record that is a principal's act, and follows what the act made.
func (h *reading) take(region string, raw []byte, depth int) error {
	e, err := h.memory.read(raw)
	if err != nil {
		h.notes[region+": a record cannot be read: "+quell.Cut(err.Error(), 120)] = true
		return nil
	}
	mine := h.who.did(e)
	if mine {
		if _, have := h.events[e.ID]; !have && len(h.events) >= maxEvents {
			return errFull
		}
		e.Origin = "event history of " + region
		h.events[e.ID] = e
	}
	for _, made := range e.Resources {
		if made.Part != quell.PartMade || !acts(made.Kind) || !e.Succeeded() {
			continue
		}
		// A role's sessions are the role's whoever opened them.
		if mine || made.Kind == quell.KindSession && h.who.roles[made.Of] {
			h.admit(made, depth+1)
		}
	}
	return nil
}

func acts(kind quell.EntityKind) bool {
	switch kind {
	case quell.KindUser, quell.KindAccessKey, quell.KindSession, quell.KindFederated:
		return true
	}
	return false
}

// last is the name at an ARN's end.
func last(arn string) string { return arn[strings.LastIndexAny(arn, "/:")+1:] }
