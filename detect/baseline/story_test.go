package baseline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
)

var start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// act is an event of a program with a key, as it happens every day; change makes it another.
func act(day int, hour float64, change func(*quell.Event)) quell.Event {
	e := quell.Event{
		Time: start.Add(time.Duration(float64(day)*24*float64(time.Hour) + hour*float64(time.Hour))), Source: "s3.amazonaws.com", Name: "PutObject",
		Account: "111122223333", Region: "eu-west-1", SourceIP: "198.51.100.7", UserAgent: "Boto3/1.34 md/Botocore",
		Actor: quell.Actor{Type: "IAMUser", Principal: "AIDAEXAMPLEDEPLOYBOT1", ARN: "arn:aws:iam::111122223333:user/deploy", Name: "deploy",
			Account: "111122223333", AccessKey: "AKIAEXAMPLEDEPLOY001"},
	}
	if change != nil {
		change(&e)
	}
	e.ID = fmt.Sprintf("e-%d-%.5f-%s-%s-%s", day, hour, e.Name, e.SourceIP, e.Actor.Principal)
	return e
}

// routine is a month and a half of the same work, day by day.
func routine(from, to int) []quell.Event {
	var out []quell.Event
	for day := from; day < to; day++ {
		out = append(out, act(day, 1, nil), act(day, 2, func(e *quell.Event) { e.Name, e.ReadOnly = "GetObject", true }))
	}
	return out
}

func from(ip string) func(*quell.Event) { return func(e *quell.Event) { e.SourceIP = ip } }

// intruder has the key, elsewhere, and his own program.
func intruder(name, service string, readOnly bool) func(*quell.Event) {
	return func(e *quell.Event) {
		e.Name, e.Source, e.ReadOnly = name, service+".amazonaws.com", readOnly
		e.SourceIP, e.UserAgent = "203.0.113.99", "aws-cli/2.17"
	}
}

func collect(events []quell.Event) *baseline.Collector {
	c := &baseline.Collector{}
	for i := range events {
		c.Add(&events[i])
	}
	return c
}

// others keep an account's days covered while one principal is silent.
func others(from, to int) []quell.Event {
	events := routine(from, to)
	for i := range events {
		events[i].Actor.Principal, events[i].Actor.Name, events[i].Actor.AccessKey = "AIDAEXAMPLESOMEONE22", "other", "AKIAEXAMPLEOTHER0002"
		events[i].Actor.ARN = "arn:aws:iam::111122223333:user/other"
		events[i].ID += "-other"
	}
	return events
}

func TestStories(t *testing.T) {
	bulk := func(n int) []quell.Event {
		var out []quell.Event
		for i := range n {
			e := act(40, 3+float64(i)/10_000, func(e *quell.Event) { e.Name, e.ReadOnly = "GetObject", true })
			out = append(out, e)
		}
		return out
	}
	for name, tt := range map[string]struct {
		events []quell.Event
		want   string // severity and part of the title; "" for no finding
		why    []string
	}{
		"the same work goes on": {events: routine(0, 60)},
		"a leaked key": {
			events: append(routine(0, 40), act(40, 3, intruder("GetCallerIdentity", "sts", true)),
				act(40, 3.1, intruder("ListUsers", "iam", true)), act(40, 3.2, intruder("CreateAccessKey", "iam", false))),
			want: "high from a network never used, by a program never used", why: []string{"network 203.0.0.0/16", "program aws-cli", "iam:CreateAccessKey"},
		},
		"a leaked key that only looks": {
			events: append(routine(0, 40), act(40, 3, intruder("ListBuckets", "s3", true))),
			want:   "medium from a network never used, by a program never used",
		},
		"an owner who travels and reads": {
			events: append(routine(0, 40), act(40, 3, func(e *quell.Event) { e.SourceIP, e.ReadOnly, e.Name = "203.0.113.99", true, "GetObject" })),
		},
		"an owner who travels and works": {
			events: append(routine(0, 40), act(40, 3, from("203.0.113.99"))), want: "low from a network never used",
		},
		"the network of a neighbour": {
			events: slices.Concat(routine(0, 40), []quell.Event{act(40, 3, from("203.0.113.99"))}, func() []quell.Event {
				list := others(0, 40)
				for i := range list {
					list[i].SourceIP = "203.0.4.4"
				}
				return list
			}()),
		},
		"still learning": {
			events: append(routine(0, 12), act(12, 3, intruder("CreateAccessKey", "iam", false))),
		},
		"too little known": {
			events: append(routine(0, 3), act(30, 3, from("203.0.113.99"))),
		},
		"a region nobody uses": {
			events: append(routine(0, 40), act(40, 3, func(e *quell.Event) {
				e.Region, e.Source, e.Name = "ap-northeast-3", "ec2.amazonaws.com", "RunInstances"
			})),
			want: "medium in a region never used, does what it never did",
		},
		"a global service has no region": {
			events: append(routine(0, 40), act(40, 3, func(e *quell.Event) {
				e.Region, e.Source, e.Name, e.ReadOnly = "us-east-1", "cloudfront.amazonaws.com", "ListDistributions", true
			})),
		},
		"rights are new": {
			events: append(routine(0, 40), act(40, 3, func(e *quell.Event) { e.Source, e.Name, e.ReadOnly = "iam.amazonaws.com", "ListUsers", true })),
			want:   "low uses iam for the first time",
		},
		"a call that failed": {
			events: append(routine(0, 40), act(40, 3, func(e *quell.Event) { e.Region, e.ErrorCode = "ap-northeast-3", "AccessDenied" })),
		},
		"a dormant key from elsewhere": {
			events: slices.Concat(routine(0, 40), others(0, 200), []quell.Event{act(180, 3, from("203.0.113.99"))}),
			want:   "high An access key back after months, from a network never used", why: []string{"key AKIAEXAMPLEDEPLOY001 was idle for 141 days"},
		},
		"a dormant key from home": {
			events: slices.Concat(routine(0, 40), others(0, 200), []quell.Event{act(180, 3, nil)}),
			want:   "low An access key back after months",
		},
		"logs that were not read are no silence": {
			events: slices.Concat(routine(0, 40), []quell.Event{act(180, 3, nil)}),
		},
		"a day of many objects":   {events: append(routine(0, 40), bulk(1500)...), want: "medium reads far more", why: []string{"at most 1 before"}},
		"a day of not many":       {events: append(routine(0, 40), bulk(900)...)},
		"objects and a new place": {events: append(routine(0, 40), append(bulk(1500), act(40, 4, intruder("GetObject", "s3", true)))...), want: "high from a network never used"},
	} {
		t.Run(name, func(t *testing.T) {
			found := collect(tt.events).Judge(nil)
			if tt.want == "" {
				if len(found) > 0 {
					t.Fatalf("found %s %q: %s", found[0].Severity, found[0].Title, found[0].Why)
				}
				return
			}
			if len(found) != 1 {
				t.Fatalf("%d findings: %+v", len(found), found)
			}
			f := found[0]
			severity, title, _ := strings.Cut(tt.want, " ")
			if f.Severity.String() != severity || !strings.Contains(f.Title, title) {
				t.Errorf("found %s %q, want %s", f.Severity, f.Title, tt.want)
			}
			for _, why := range tt.why {
				if !strings.Contains(f.Why, why) {
					t.Errorf("why %q does not say %q", f.Why, why)
				}
			}
			if len(f.Events) == 0 || len(f.Seen) != len(f.Events) || f.Account != "111122223333" || !slices.Contains(f.Techniques, "T1078.004") {
				t.Errorf("finding lacks something: %+v", f)
			}
			if !slices.ContainsFunc(f.Entities, func(e quell.Entity) bool { return e.Kind == quell.KindUser && e.Part == quell.PartActor }) {
				t.Errorf("finding does not name the user: %v", f.Entities)
			}
		})
	}
}

// TestLearntBefore: what another hunt learnt counts like what this one saw.
func TestLearntBefore(t *testing.T) {
	known := collect(routine(0, 40)).Book()
	attack := []quell.Event{act(41, 3, intruder("CreateAccessKey", "iam", false))}
	if found := collect(attack).Judge(nil); len(found) != 0 {
		t.Errorf("found %q without a baseline", found[0].Title)
	}
	if found := collect(routine(40, 50)).Judge(known); len(found) != 0 {
		t.Errorf("found %q in the same work", found[0].Title)
	}
	found := collect(attack).Judge(known)
	if len(found) != 1 || found[0].Severity != quell.High {
		t.Fatalf("found %+v", found)
	}
	known.Join(collect(attack).Book())
	if found := collect(attack).Judge(known); len(found) != 0 {
		t.Errorf("found %q once it was learnt", found[0].Title)
	}
}

// TestSessionsShareTheirRole: habits are the role's, whoever the session is.
func TestSessionsShareTheirRole(t *testing.T) {
	session := func(name string) func(*quell.Event) {
		return func(e *quell.Event) {
			e.Actor = quell.Actor{Type: "AssumedRole", Principal: "AROAEXAMPLEWORKER0001:" + name, ARN: "arn:aws:sts::111122223333:assumed-role/worker/" + name,
				Name: "worker", Account: "111122223333", AccessKey: "ASIAEXAMPLE" + name, IssuerType: "Role", IssuerID: "AROAEXAMPLEWORKER0001",
				IssuerARN: "arn:aws:iam::111122223333:role/worker"}
		}
	}
	book := collect([]quell.Event{act(0, 1, session("one")), act(0, 2, session("two"))}).Book()
	list := book.Profiles()
	if len(list) != 1 || list[0].Principal != "AROAEXAMPLEWORKER0001" || list[0].Name != "worker" || list[0].Kind != "role" {
		t.Fatalf("profiles %+v", list)
	}
	if keys := list[0].Values[baseline.Key]; len(keys) != 0 {
		t.Errorf("keys of sessions were kept: %v", keys)
	}
}

func TestWhoHasNoHabits(t *testing.T) {
	for name, change := range map[string]func(*quell.Event){
		"a service":             func(e *quell.Event) { e.Actor = quell.Actor{Type: "AWSService", InvokedBy: "config.amazonaws.com"} },
		"nobody":                func(e *quell.Event) { e.Actor = quell.Actor{Type: "Unknown"} },
		"another account":       func(e *quell.Event) { e.Actor = quell.Actor{Type: "AWSAccount", Account: "444455556666"} },
		"a service-linked role": func(e *quell.Event) { e.Actor.IssuerARN = "arn:aws:iam::1:role/aws-service-role/x/y" },
		"a time to come":        func(e *quell.Event) { e.Time = e.Time.AddDate(9, 0, 0) },
		"a time before the trail": func(e *quell.Event) {
			e.Time = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
		},
	} {
		c := &baseline.Collector{Until: start.AddDate(1, 0, 0)}
		e := act(0, 1, change)
		c.Add(&e)
		if n := c.Book().Len(); n != 0 {
			t.Errorf("%s: %d profiles", name, n)
		}
		if undated := c.Stats().Undated == 1; undated != strings.HasPrefix(name, "a time") {
			t.Errorf("%s: stats %+v", name, c.Stats())
		}
	}
}
