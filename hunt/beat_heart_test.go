package hunt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

// heart is a heartbeat in a test: its calls and what it says.
type heart struct {
	*Heartbeat
	hunter *Hunter
	clock  *ticker
	words  []string // of the calls made, the last one last
	fails  error
	said   []string
	found  []quell.Finding
}

func newHeart(t *testing.T, canary bool, regions ...string) *heart {
	t.Helper()
	every, err := CanaryRule()
	must(t, err)
	found, problems := Load(true, fstest.MapFS{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	program, err := Compile(append(found, every...))
	must(t, err)
	b := &heart{hunter: &Hunter{Program: program, Clock: quell.WallClock{}}, clock: &ticker{now: start, step: time.Minute}}
	b.Heartbeat = &Heartbeat{Span: 15 * time.Minute, Place: "logs", Account: "111122223333", Regions: regions, Clock: b.clock,
		Say: func(format string, args ...any) { b.said = append(b.said, fmt.Sprintf(format, args...)) }, Debug: func(string, ...any) {},
		Record: func(_ context.Context, fresh []quell.Finding) error { b.found = append(b.found, fresh...); return nil }}
	if canary {
		b.Call = func(_ context.Context, region, word string) error {
			b.words = append(b.words, region+" "+word)
			return b.fails
		}
	}
	b.Watch(b.hunter)
	return b
}

// minutes runs for so long; at a minute something may happen.
func (b *heart) minutes(t *testing.T, n int, at map[int]func()) {
	t.Helper()
	b.clock.steps = nil
	for i := range n {
		b.clock.steps = append(b.clock.steps, func() {
			if do := at[i+1]; do != nil {
				do()
			}
		})
	}
	must(t, b.Run(t.Context(), b.hunter))
}

// arrive has the record of a call come, as CloudTrail writes it.
func (b *heart) arrive(t *testing.T, call string, happened time.Time) {
	t.Helper()
	region, word, _ := strings.Cut(call, " ")
	text := fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:quell","arn":"arn:aws:sts::111122223333:assumed-role/responder/quell",`+
		`"accountId":"111122223333","accessKeyId":"ASIAEXAMPLE"},"eventTime":%q,"eventSource":"sts.amazonaws.com","eventName":"GetCallerIdentity","awsRegion":%q,`+
		`"sourceIPAddress":"198.51.100.7","userAgent":"aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 api/sts#1.44.0 app/%s m/E","requestParameters":null,`+
		`"responseElements":null,"requestID":"r","eventID":"e-%s","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`,
		happened.Format(time.RFC3339), region, word, word)
	must(t, b.hunter.Records([]json.RawMessage{json.RawMessage(text)}, "a trail"))
}

func TestHeartbeat(t *testing.T) {
	b := newHeart(t, true, "eu-west-1")
	b.minutes(t, 62, map[int]func(){
		4:  func() { b.arrive(t, b.words[0], start) },
		9:  func() { b.arrive(t, b.words[1], start.Add(5*time.Minute)) },
		14: func() { b.arrive(t, b.words[1], start.Add(5*time.Minute)) }, // played again
		20: func() { b.arrive(t, "eu-west-1 "+CanaryAgent+"FORGED", start.Add(20*time.Minute)) },
		22: func() {
			b.arrive(t, strings.Replace(b.words[3], "eu-west-1", "us-east-1", 1), start.Add(15*time.Minute))
		},
		40: func() { b.arrive(t, b.words[7], start.Add(35*time.Minute)) },
		45: func() { b.arrive(t, b.words[8], start.Add(40*time.Minute)) },
		55: func() { b.arrive(t, b.words[10], start.Add(50*time.Minute)) },
	})
	want := []string{
		"pipeline is silent: From logs no record of a call of Quell's own has come for 15m; the last came at 2026-03-02T03:09:00Z.",
		"pipeline heard again after 31m",
	}
	if diff := cmp.Diff(want, b.said); diff != "" {
		t.Error(diff)
	}
	if len(b.found) != 1 || b.found[0].Region != "eu-west-1" || b.found[0].Account != "111122223333" {
		t.Errorf("%+v", b.found)
	}
	// A call every five minutes, and no name twice.
	slices.Sort(b.words)
	if len(b.words) != 13 || len(slices.Compact(b.words)) != 13 {
		t.Errorf("%d calls: %v", len(b.words), b.words)
	}
	// Own calls are no finding by the rules, whatever else they are.
	if r := b.hunter.Result(); len(r.Findings) != 0 || r.Events != 8 {
		t.Errorf("%+v", r.Findings)
	}
	if in := (&Hunter{Clock: b.clock}).group(b.found); len(in) != 1 || in[0].Severity != quell.High {
		t.Errorf("%+v", in)
	}
}

// group is what recording makes of findings.
func (h *Hunter) group(found []quell.Finding) []quell.Incident { return group(found, h) }

// TestHeartbeatOfRegions: each is judged by itself.
func TestHeartbeatOfRegions(t *testing.T) {
	b := newHeart(t, true, "eu-west-1", "us-east-1")
	at := map[int]func(){}
	for i := 1; i < 20; i++ {
		at[i] = func() {
			if last := b.words[len(b.words)-2]; strings.HasPrefix(last, "eu-west-1") {
				b.arrive(t, last, b.clock.now.Add(-time.Minute))
			}
		}
	}
	b.minutes(t, 20, at)
	if len(b.found) != 1 || b.found[0].Region != "us-east-1" || !strings.HasPrefix(b.said[0], "pipeline of us-east-1 is silent") {
		t.Errorf("%v %+v", b.said, b.found)
	}
}

// TestHeartbeatCannotCall: where no call can be made nothing is known, which is told once and is no silence.
func TestHeartbeatCannotCall(t *testing.T) {
	b := newHeart(t, true, "eu-west-1")
	b.fails = errors.New("expired\x1b[2J")
	b.minutes(t, 40, map[int]func(){32: func() { b.fails = nil }})
	if len(b.found) != 0 || len(b.said) != 2 || !strings.Contains(b.said[0], "nothing is known") || strings.Contains(b.said[0], "\x1b") ||
		b.said[1] != "heartbeat of eu-west-1: calls are made again" {
		t.Errorf("%q, %+v", b.said, b.found)
	}
}

// TestHeartbeatListens: without calls any record is a sign of life.
func TestHeartbeatListens(t *testing.T) {
	b := newHeart(t, false)
	b.minutes(t, 45, map[int]func(){5: func() { b.arrive(t, "x y", start) }, 40: func() { b.arrive(t, "x z", start) }})
	want := []string{"pipeline is silent: From logs no record at all has come for 15m; the last came at 2026-03-02T03:05:00Z.", "pipeline heard again after 35m"}
	if diff := cmp.Diff(want, b.said); diff != "" || len(b.words) != 0 {
		t.Error(diff, b.words)
	}
	enough := errors.New("enough")
	b = newHeart(t, false)
	b.Record = func(context.Context, []quell.Finding) error { return enough }
	b.clock.steps = slices.Repeat([]func(){func() {}}, 20)
	if err := b.Run(t.Context(), b.hunter); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
}
