package respond

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/source/scope"
)

// principals are the identities the incident answers for: the subject, what belongs to it, what it made, and the
// sessions it holds.
func principals(in quell.Incident) []quell.Entity {
	var out []quell.Entity
	add := func(e quell.Entity) {
		if e.ID != "" && !slices.ContainsFunc(out, func(have quell.Entity) bool { return have.Key() == e.Key() }) {
			out = append(out, e)
		}
	}
	add(in.Subject)
	for _, e := range in.Entities {
		switch e.Kind {
		case quell.KindUser, quell.KindFederated, quell.KindSession:
			if e.Part == quell.PartMade || e.Part == quell.PartActor {
				add(e)
			}
		case quell.KindRole:
			// Whoever opens a session of a role that the intruder made, from whichever account, acts for the intruder.
			if e.Part == quell.PartMade {
				add(e)
			}
		case quell.KindAccessKey:
			if e.Part != quell.PartTarget {
				add(e)
			}
		}
	}
	return out
}

// provesNothing are calls that succeed under any deny. Source: STS API reference, GetCallerIdentity: "No permissions are
// required to perform this operation".
func provesNothing(e quell.Event) bool {
	return e.Source == "sts.amazonaws.com" && e.Name == "GetCallerIdentity" ||
		// A sign-in checks a password; what the session may then do is refused act by act.
		e.Source == "signin.amazonaws.com"
}

// lateness is how far before containment the trail is read again at each probe, for what arrives late.
const lateness = run.TrailLag + 5*time.Minute

// watch reads what the principals did around and since containment, extends the incident by what they made, and says
// what it means for the verdict.
func (s *session) watch(ctx context.Context, state *run.State) (quell.Probe, error) {
	now := s.desk.Clock.Now()
	since := state.ContainedAt.Add(-lateness)
	seen, err := s.desk.Trail(ctx, principals(s.view.Incident), since)
	if err != nil {
		return quell.Probe{}, err
	}
	p := quell.Probe{What: run.ProbeTrail, At: now, Through: seen.Through, Blind: seen.Blind}
	for _, e := range seen.Events {
		switch {
		case !e.Time.After(state.ContainedAt):
		case provesNothing(e):
		case e.Succeeded():
			p.Successes = append(p.Successes, slim(e))
		case refused(e.ErrorCode):
			p.Refusals = append(p.Refusals, slim(e))
		}
	}
	// IAM and STS write their records in us-east-1: without that region nobody can see whether identities are held.
	// And a region that could not be read is one in which anything may go on.
	_, home := seen.Watermarks[globalRegion]
	if unread := unseen(seen.Blind); len(unread) > 0 {
		p.Note = "cannot be proven without " + strings.Join(unread, ", ")
	} else if s.desk.Live != nil && !seen.Through.IsZero() && home {
		if p.Live, err = s.desk.Live(ctx, state.ContainedAt); err != nil {
			p.Note = "cannot tell whether the trail is live: " + quell.Cut(err.Error(), 200)
		}
	}
	if err := s.simulate(ctx, state); err != nil {
		return p, err
	}
	if err := s.extend(ctx, seen); err != nil {
		return p, err
	}
	return p, s.revokeAgain(ctx, seen, state)
}

// unseen are the blind spots that silence in the trail cannot be told from: all but the data events, which event history
// never holds and which every verdict names as blind.
func unseen(blind []string) []string {
	return slices.DeleteFunc(slices.Clone(blind), func(b string) bool { return b == "s3-data" || strings.HasPrefix(b, "s3-data:") })
}

// asked are the acts that policy evaluation is asked about: what an intruder needs to go on.
var asked = []string{
	"iam:CreateAccessKey", "iam:DeleteUserPolicy", "iam:UpdateAccessKey", "s3:GetObject", "s3:ListAllMyBuckets",
	"secretsmanager:GetSecretValue", "sts:AssumeRole", "ec2:RunInstances",
}

// simulate asks policy evaluation about the contained users, once after each containment.
func (s *session) simulate(ctx context.Context, state *run.State) error {
	if s.desk.Simulate == nil {
		return nil
	}
	for _, p := range state.Probes {
		if p.What == run.ProbeSimulate && p.At.After(state.ContainedAt) {
			return nil
		}
	}
	probe := quell.Probe{What: run.ProbeSimulate}
	for _, id := range state.Order {
		st := state.Steps[id]
		if st.Phase != quell.Contain || st.Undo != "" || st.Target.Kind != quell.KindUser || st.Target.ARN == "" || len(st.Sent) == 0 {
			continue
		}
		judged, why := s.desk.Simulate(ctx, st.Target.ARN, asked)
		if len(judged) == 0 {
			slog.Debug("policy evaluation could not be asked", "principal", st.Target.ARN, "why", why)
			return nil
		}
		for _, allowed := range judged {
			if allowed {
				probe.Allowed++
			} else {
				probe.Denied++
			}
		}
	}
	if probe.Allowed+probe.Denied == 0 {
		return nil
	}
	probe.At = s.desk.Clock.Now()
	return s.record(ctx, quell.RecordProbe, probe)
}

// globalRegion is where the records of IAM and STS's global endpoint are.
const globalRegion = "us-east-1"

func refused(code string) bool {
	return strings.Contains(code, "AccessDenied") || strings.Contains(code, "Unauthorized") || code == "InvalidClientTokenId"
}

// slim keeps of an event what a verdict needs.
func slim(e quell.Event) quell.Event {
	e.Resources, e.Raw = nil, nil
	return e
}

// extend records entities that came to light, and binds the steps they call for.
func (s *session) extend(ctx context.Context, seen scope.Sighting) error {
	in := s.view.Incident
	now := s.desk.Clock.Now()
	found := attribute(in, s.view.FindingList(), seen, scope.Scope(in.Subject, seen, now))
	var fresh []quell.Entity
	for _, e := range found.Entities {
		known := slices.ContainsFunc(in.Entities, func(have quell.Entity) bool { return have.Key() == e.Key() && have.Part == e.Part })
		if !known {
			fresh = append(fresh, e)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if have, ok := s.view.Scope(); ok {
		found = merge(have, found)
	}
	if err := s.recordScope(ctx, found); err != nil {
		return err
	}
	return s.bind(ctx)
}

// recordScope records a scope with those acts only that no earlier one holds: together they are the timeline.
func (s *session) recordScope(ctx context.Context, found quell.Scope) error {
	known := map[string]bool{}
	for _, earlier := range s.view.Scopes {
		for _, e := range earlier.What.Timeline {
			known[e.ID] = true
		}
	}
	found.Timeline = slices.DeleteFunc(slices.Clone(found.Timeline), func(e quell.Event) bool { return known[e.ID] })
	return s.record(ctx, quell.RecordScope, found)
}

// wholeScope is the last scope with the acts of all of them, by time.
func wholeScope(view *incident.View) (quell.Scope, bool) {
	found, ok := view.Scope()
	if !ok {
		return found, false
	}
	found.Timeline = nil
	for _, s := range view.Scopes {
		found.Timeline = append(found.Timeline, s.What.Timeline...)
	}
	slices.SortStableFunc(found.Timeline, func(a, b quell.Event) int { return a.Time.Compare(b.Time) })
	return found, true
}

// merge adds a later sighting to an earlier scope, keeping the earlier beginning.
func merge(have, found quell.Scope) quell.Scope {
	out := found
	out.Entities = quell.MergeEntities(have.Entities, found.Entities)
	if !have.Since.IsZero() && (out.Since.IsZero() || have.Since.Before(out.Since)) {
		out.Since = have.Since
	}
	if have.LastSeen.After(out.LastSeen) {
		out.LastSeen = have.LastSeen
	}
	out.UsedBy = have.UsedBy
	out.Events = max(have.Events, found.Events)
	out.Blind = union(have.Blind, found.Blind)
	out.Read = union(have.Read, found.Read)
	return out
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// sameScope says whether a new look found nothing that the last one had not.
func sameScope(have, found quell.Scope) bool {
	return have.Events == found.Events && have.LastSeen.Equal(found.LastSeen) && have.StillActive == found.StillActive &&
		slices.Equal(have.Entities, found.Entities) && slices.Equal(have.Blind, found.Blind) && slices.Equal(have.UsedBy, found.UsedBy)
}
