package incident

import (
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

const account = "111122223333"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func entity(kind quell.EntityKind, id string, part quell.Part) quell.Entity {
	return quell.Entity{Kind: kind, ID: id, Part: part, Account: account}
}

func owned(e quell.Entity, of string) quell.Entity { e.Of = of; return e }

func at(e quell.Entity, arn string) quell.Entity { e.ARN = arn; return e }

func finding(id string, after time.Duration, entities ...quell.Entity) quell.Finding {
	return quell.Finding{ID: id, Rule: "r-" + id, Title: "Title " + id, Severity: quell.Medium, Time: noon.Add(after),
		Account: account, Entities: entities, Events: []string{"e-" + id}}
}

func ids(c Cluster) []string {
	var out []string
	for _, f := range c.Findings {
		out = append(out, f.ID)
	}
	return out
}

func TestGroupJoinsPairs(t *testing.T) {
	const bobARN = "arn:aws:iam::111122223333:user/bob"
	alice := entity(quell.KindUser, "AIDAALICE", quell.PartActor)
	carol := entity(quell.KindUser, "AIDACAROL", quell.PartActor)
	bob := entity(quell.KindUser, "AIDABOB", quell.PartActor)
	role := func(p quell.Part) quell.Entity { return entity(quell.KindRole, "AROAADMIN", p) }
	session := func(name string, p quell.Part) quell.Entity {
		return owned(entity(quell.KindSession, "AROAADMIN:"+name, p), "AROAADMIN")
	}
	ip := func(s string) quell.Entity { return entity(quell.KindIP, s, quell.PartUsed) }
	list := func(e ...quell.Entity) []quell.Entity { return e }
	hour := time.Hour
	for name, tc := range map[string]struct {
		a, b  []quell.Entity
		after time.Duration
		tune  func(a, b *quell.Finding, o *Options)
		want  bool
	}{
		"same actor":                      {a: list(alice), b: list(alice), after: hour, want: true},
		"same actor at the window":        {a: list(alice), b: list(alice), after: 24 * hour, want: true},
		"same actor past the window":      {a: list(alice), b: list(alice), after: 24*hour + time.Second},
		"same actor, wider window":        {a: list(alice), b: list(alice), after: 30 * hour, want: true, tune: func(_, _ *quell.Finding, o *Options) { o.Window = 48 * hour }},
		"other actor":                     {a: list(alice), b: list(carol), after: hour},
		"made, then acts":                 {a: list(alice, entity(quell.KindUser, "AIDABOB", quell.PartMade)), b: list(bob), after: hour, want: true},
		"acted upon, then acts":           {a: list(alice, entity(quell.KindUser, "AIDABOB", quell.PartTarget)), b: list(bob), after: hour, want: true},
		"acted upon by name, acts by id":  {a: list(alice, at(entity(quell.KindUser, bobARN, quell.PartTarget), bobARN)), b: list(at(bob, bobARN)), after: hour, want: true},
		"key made, key used":              {a: list(alice, owned(entity(quell.KindAccessKey, "AKIABOB", quell.PartMade), "AIDABOB")), b: list(entity(quell.KindAccessKey, "AKIABOB", quell.PartActor)), after: hour, want: true},
		"key of a user, and the user":     {a: list(owned(entity(quell.KindAccessKey, "AKIA1", quell.PartActor), "AIDAALICE")), b: list(alice), after: hour, want: true},
		"federated session and its user":  {a: list(owned(entity(quell.KindFederated, account+":x", quell.PartActor), "AIDAALICE")), b: list(alice), after: hour, want: true},
		"common target":                   {a: list(alice, entity(quell.KindGroup, "admins", quell.PartTarget)), b: list(carol, entity(quell.KindGroup, "admins", quell.PartTarget)), after: hour},
		"common organisation, no actor":   {a: list(entity(quell.KindResource, "o-1234", quell.PartTarget)), b: list(entity(quell.KindResource, "o-1234", quell.PartTarget)), after: hour},
		"common account":                  {a: list(alice, entity(quell.KindAccount, account, quell.PartTarget)), b: list(carol, entity(quell.KindAccount, account, quell.PartActor)), after: hour},
		"same service acting":             {a: list(entity(quell.KindService, "cloudformation.amazonaws.com", quell.PartActor)), b: list(entity(quell.KindService, "cloudformation.amazonaws.com", quell.PartActor)), after: hour},
		"same bucket, no actor":           {a: list(entity(quell.KindBucket, "b", quell.PartTarget)), b: list(entity(quell.KindBucket, "b", quell.PartTarget)), after: hour, want: true},
		"sessions of one role":            {a: list(session("x", quell.PartActor), role(quell.PartActor)), b: list(session("y", quell.PartActor), role(quell.PartActor)), after: hour},
		"role changed, session acts":      {a: list(alice, role(quell.PartTarget)), b: list(session("x", quell.PartActor), role(quell.PartActor)), after: hour, want: true},
		"session made, session acts":      {a: list(alice, role(quell.PartUsed), session("x", quell.PartMade)), b: list(session("x", quell.PartActor), role(quell.PartActor)), after: hour, want: true},
		"session made, another acts":      {a: list(alice, role(quell.PartUsed), session("x", quell.PartMade)), b: list(session("y", quell.PartActor), role(quell.PartActor)), after: hour},
		"shared address":                  {a: list(alice, ip("203.0.113.9")), b: list(carol, ip("203.0.113.9")), after: hour, want: true},
		"shared address, mapped form":     {a: list(alice, ip("203.0.113.9")), b: list(carol, ip("::ffff:203.0.113.9")), after: hour, want: true},
		"shared address, one finding low": {a: list(alice, ip("203.0.113.9")), b: list(carol, ip("203.0.113.9")), after: hour, tune: func(a, _ *quell.Finding, _ *Options) { a.Severity = quell.Low }},
		"shared address, other account":   {a: list(alice, ip("203.0.113.9")), b: list(carol, ip("203.0.113.9")), after: hour, tune: func(a, _ *quell.Finding, _ *Options) { a.Account = "444455556666" }},
		"shared address, always":          {a: list(alice, ip("203.0.113.9")), b: list(carol, ip("203.0.113.9")), after: hour, want: true, tune: func(a, _ *quell.Finding, o *Options) { a.Severity, o.IP = quell.Low, IPAlways }},
		"shared address, never":           {a: list(alice, ip("203.0.113.9")), b: list(carol, ip("203.0.113.9")), after: hour, tune: func(_, _ *quell.Finding, o *Options) { o.IP = IPNever }},
		"shared address, trusted": {a: list(alice, ip("203.0.113.9")), b: list(carol, ip("203.0.113.9")), after: hour, tune: func(_, _ *quell.Finding, o *Options) {
			o.Trusted = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
		}},
		"shared private address":    {a: list(alice, ip("10.0.0.1")), b: list(carol, ip("10.0.0.1")), after: hour},
		"shared carrier address":    {a: list(alice, ip("100.64.1.1")), b: list(carol, ip("100.64.1.1")), after: hour},
		"shared service as address": {a: list(alice, ip("AWS Internal")), b: list(carol, ip("AWS Internal")), after: hour},
		"shared name, other ids": {a: list(quell.Entity{Kind: quell.KindUser, ID: "AIDA1", Name: "x", ARN: "arn:x", Part: quell.PartActor}),
			b: list(quell.Entity{Kind: quell.KindUser, ID: "AIDA2", Name: "x", ARN: "arn:x", Part: quell.PartActor}), after: hour},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := finding("a", 0, tc.a...), finding("b", tc.after, tc.b...)
			var o Options
			if tc.tune != nil {
				tc.tune(&a, &b, &o)
			}
			for _, in := range [][]quell.Finding{{a, b}, {b, a}} {
				got := Group(in, nil, o)
				if joined := len(got) == 1; joined != tc.want {
					t.Fatalf("joined: %v, want %v: %v", joined, tc.want, got)
				}
			}
		})
	}
}

func TestGroupWithKnown(t *testing.T) {
	alice := entity(quell.KindUser, "AIDAALICE", quell.PartActor)
	carol := entity(quell.KindUser, "AIDACAROL", quell.PartActor)
	known := func(id string, standing quell.Standing, opened time.Duration, findings ...quell.Finding) quell.Incident {
		in := Open(Cluster{Findings: findings}, noon.Add(opened))
		in.ID, in.Standing = id, standing
		return in
	}
	old := finding("old", -300*time.Hour, alice)
	fresh := finding("new", 0, alice)
	merged := known("q-merged", quell.Open, -2*time.Hour, old)
	merged.MergedInto = "q-heir"
	for name, tc := range map[string]struct {
		known []quell.Incident
		in    []quell.Finding
		want  []string
	}{
		"new alone":             {nil, []quell.Finding{fresh}, []string{" over=false also=[] refers=[] new"}},
		"joins open":            {[]quell.Incident{known("q-1", quell.Confirmed, 0, old)}, []quell.Finding{fresh}, []string{"q-1 over=false also=[] refers=[] new"}},
		"seen again, open":      {[]quell.Incident{known("q-1", quell.Open, 0, old)}, []quell.Finding{old}, []string{"q-1 over=false also=[] refers=[] old"}},
		"seen again, closed":    {[]quell.Incident{known("q-1", quell.Ended, 0, old)}, []quell.Finding{old}, []string{"q-1 over=true also=[] refers=[] old"}},
		"closed is not opened":  {[]quell.Incident{known("q-1", quell.Ended, 0, old)}, []quell.Finding{fresh}, []string{" over=false also=[] refers=[q-1] new"}},
		"dismissed is not":      {[]quell.Incident{known("q-1", quell.Dismissed, 0, old)}, []quell.Finding{fresh}, []string{" over=false also=[] refers=[q-1] new"}},
		"oldest of two":         {[]quell.Incident{known("q-2", quell.Open, -time.Hour, finding("x", 0, alice)), known("q-1", quell.Open, 0, old)}, []quell.Finding{fresh}, []string{"q-2 over=false also=[q-1] refers=[] new"}},
		"merged answers":        {[]quell.Incident{merged, known("q-heir", quell.Open, 0, finding("y", 0, carol))}, []quell.Finding{fresh}, []string{"q-heir over=false also=[] refers=[] new"}},
		"stranger":              {[]quell.Incident{known("q-1", quell.Open, 0, old)}, []quell.Finding{finding("new", 0, carol)}, []string{" over=false also=[] refers=[] new"}},
		"known stay apart":      {[]quell.Incident{known("q-1", quell.Open, 0, finding("p", 0, alice)), known("q-2", quell.Open, time.Hour, finding("r", time.Minute, carol))}, []quell.Finding{finding("p", 0, alice), finding("r", time.Minute, carol), finding("s", time.Hour, alice, carol)}, []string{"q-1 over=false also=[q-2] refers=[] p s", "q-2 over=false also=[q-1] refers=[] r"}},
		"two parts, one parent": {[]quell.Incident{known("q-1", quell.Open, 0, old)}, []quell.Finding{fresh, finding("later", 90*time.Hour, alice)}, []string{"q-1 over=false also=[] refers=[] new later"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			slices.Reverse(tc.known)
			for _, c := range Group(tc.in, tc.known, Options{}) {
				got = append(got, fmt.Sprintf("%s over=%v also=%v refers=%v %s", c.Known, c.Over, c.Also, c.Refers, strings.Join(ids(c), " ")))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestGroupMergesTellings(t *testing.T) {
	a := finding("f", time.Hour, entity(quell.KindUser, "AIDAALICE", quell.PartActor))
	b := finding("f", 0, entity(quell.KindBucket, "b", quell.PartRead))
	b.Severity, b.Exposed, b.Title = quell.High, true, "Other"
	got := Group([]quell.Finding{a, b}, nil, Options{})
	if len(got) != 1 || len(got[0].Findings) != 1 {
		t.Fatalf("one finding told twice became %v", got)
	}
	f := got[0].Findings[0]
	if f.Severity != quell.High || !f.Exposed || len(f.Entities) != 2 || !f.Time.Equal(noon) {
		t.Errorf("lost something: %+v", f)
	}
	if d := cmp.Diff(got, Group([]quell.Finding{b, a}, nil, Options{})); d != "" {
		t.Error("depends on order", d)
	}
	if got := Group([]quell.Finding{{Rule: "x"}, {Rule: "y"}}, nil, Options{}); len(got) != 2 {
		t.Errorf("findings without id, time and entities: %v", got)
	}
}

// drawFindings makes findings about few entities, so that chains, ties and window edges are common.
func drawFindings(t *rapid.T) []quell.Finding {
	kinds := []quell.EntityKind{quell.KindUser, quell.KindRole, quell.KindSession, quell.KindAccessKey, quell.KindBucket, quell.KindIP}
	parts := []quell.Part{quell.PartActor, quell.PartTarget, quell.PartMade, quell.PartUsed, quell.PartRead, ""}
	draw := rapid.Custom(func(t *rapid.T) quell.Entity {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		n := rapid.IntRange(0, 2).Draw(t, "n")
		id := map[quell.EntityKind]string{quell.KindUser: "AIDA%d", quell.KindRole: "AROA%d", quell.KindSession: "AROA%d:s",
			quell.KindAccessKey: "AKIA%d", quell.KindBucket: "b%d", quell.KindIP: "203.0.113.%d"}[kind]
		e := entity(kind, fmt.Sprintf(id, n), rapid.SampledFrom(parts).Draw(t, "part"))
		if kind == quell.KindAccessKey {
			e.Of = fmt.Sprintf("AIDA%d", rapid.IntRange(0, 2).Draw(t, "of"))
		}
		return e
	})
	n := rapid.IntRange(1, 12).Draw(t, "findings")
	var out []quell.Finding
	for i := range n {
		f := finding(fmt.Sprint("f", i), time.Duration(rapid.IntRange(0, 100).Draw(t, "hours"))*time.Hour,
			rapid.SliceOfN(draw, 0, 3).Draw(t, "entities")...)
		f.Severity = quell.Severity(rapid.IntRange(0, 3).Draw(t, "severity"))
		f.Techniques = rapid.SliceOfN(rapid.SampledFrom([]string{"T1087", "T1136.003", "T1562.008", "T1530"}), 0, 2).Draw(t, "techniques")
		out = append(out, f)
	}
	return out
}

func TestGroupDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		findings := drawFindings(t)
		var known []quell.Incident
		for i, c := range Group(drawFindings(t), nil, Options{}) {
			in := Open(c, noon)
			in.Standing = []quell.Standing{quell.Open, quell.Ended, quell.Confirmed}[i%3]
			known = append(known, in)
		}
		want := Group(findings, known, Options{})
		shuffle := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		shuffle.Shuffle(len(findings), func(i, j int) { findings[i], findings[j] = findings[j], findings[i] })
		shuffle.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
		got := Group(findings, known, Options{})
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		count := 0
		for i, c := range got {
			count += len(c.Findings)
			if c.Known == "" {
				if d := cmp.Diff(Open(want[i], noon), Open(c, noon)); d != "" {
					t.Fatal("the incident depends on order", d)
				}
			}
		}
		if count != len(findings) {
			t.Fatalf("%d findings went in, %d came out", len(findings), count)
		}
	})
}

// TestGroupAgreesWithPairs judges the sweep by the obvious way: compare every pair, then close transitively.
func TestGroupAgreesWithPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		findings := distinct(drawFindings(t))
		s := newSets(len(findings))
		for i, a := range findings {
			for j, b := range findings[:i] {
				if a.Time.Sub(b.Time).Abs() > DefaultWindow {
					continue
				}
				other := links(b.Entities, b.Severity, b.Account, Options{})
				for key, in := range links(a.Entities, a.Severity, a.Account, Options{}) {
					for x := range in {
						for y := range other[key] {
							if joins[x][y] {
								s.join(i, j)
							}
						}
					}
				}
			}
		}
		want := map[string]string{}
		for i, f := range findings {
			want[f.ID] = findings[s.find(i)].ID
		}
		got := map[string]string{}
		for _, c := range Group(findings, nil, Options{}) {
			for _, f := range c.Findings {
				got[f.ID] = c.Findings[0].ID
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func BenchmarkGroup(b *testing.B) {
	var findings []quell.Finding
	for i := range 100_000 {
		findings = append(findings, finding(fmt.Sprint("f", i), time.Duration(i)*time.Second,
			entity(quell.KindUser, fmt.Sprint("AIDA", i%10), quell.PartActor), entity(quell.KindRole, "AROA1", quell.PartTarget)))
	}
	for b.Loop() {
		if got := Group(findings, nil, Options{}); len(got) != 10 {
			b.Fatal(len(got))
		}
	}
}
