package source

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quell-ir/quell"
)

// readFlowLog makes an event of every flow.
func readFlowLog(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (FlowReport, error) {
	return EachFlow(ctx, r, origin, func(f *Flow) error { return emit(f.Event()) })
}

func flows(t *testing.T, text string) ([]quell.Event, FlowReport) {
	t.Helper()
	var events []quell.Event
	report, err := readFlowLog(t.Context(), strings.NewReader(text), "vpc.log", func(e quell.Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, report
}

func TestEachFlowDefault(t *testing.T) {
	events, report := flows(t, strings.Join([]string{
		"2 111122223333 eni-1 10.0.0.1 203.0.113.9 44321 443 6 10 840 1772600000 1772600060 ACCEPT OK",
		"2026-03-04T05:06:07.000Z 2 111122223333 eni-1 198.51.100.1 10.0.0.1 5 22 6 1 40 1772600001 1772600060 REJECT OK",
		"2 111122223333 eni-1 - - - - - - - 1772600000 1772600060 - NODATA",
		"2 111122223333 eni-1 - - - - - - - 1772600000 1772600060 - SKIPDATA",
		"", "2 111122223333 eni-1 too short",
		"2 111122223333 eni-1 10.0.0.1 203.0.113.9 44321 443 6 10 840 soon 1772600060 ACCEPT OK",
		"2 111122223333 eni-1 10.0.0.1 203.0.113.9 44321 443 6 10 840 1772600000 1772600060 MAYBE OK",
		strings.Repeat("x", maxFlowLine+5),
	}, "\n"))
	want := FlowReport{Lines: 9, Events: 2, NoData: 1, SkipData: 1, BadTotal: 4, Bad: []BadLine{
		{6, "5 fields where the format has 14"}, {7, `start: "soon" is not a time in seconds`}, {8, `action: "MAYBE" is neither ACCEPT nor REJECT`}, {9, "longer than 32768 bytes"},
	}}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Error(diff)
	}
	if len(events) != 2 || events[0].Name != "ACCEPT" || events[1].Name != "REJECT" || !events[0].Time.Equal(time.Unix(1772600000, 0)) || events[1].SourceIP != "198.51.100.1" {
		t.Fatalf("events %+v", events)
	}
	if got := names(events[0].Resources); got != "used ip/10.0.0.1, target ip/203.0.113.9, used resource/eni-1" {
		t.Errorf("entities %s", got)
	}
	var raw map[string]string
	if err := json.Unmarshal(events[0].Raw, &raw); err != nil || raw["dstport"] != "443" {
		t.Errorf("raw %s, %v", events[0].Raw, err)
	}
}

func TestEachFlowCustom(t *testing.T) {
	events, report := flows(t, "region instance-id srcaddr dstaddr start action\neu-west-1 i-1 10.0.0.1 203.0.113.9 1772600000 ACCEPT\n")
	if report.Events != 1 || events[0].Region != "eu-west-1" || events[0].Account != "" {
		t.Fatalf("events %+v, report %+v", events, report)
	}
	if got := names(events[0].Resources); got != "used instance/i-1, used ip/10.0.0.1, target ip/203.0.113.9" {
		t.Errorf("entities %s", got)
	}
}

func TestEachFlowStops(t *testing.T) {
	line := "2 111122223333 eni-1 10.0.0.1 203.0.113.9 44321 443 6 10 840 1772600000 1772600060 ACCEPT OK\n"
	enough := errors.New("enough")
	if _, err := readFlowLog(t.Context(), strings.NewReader(line), "", func(quell.Event) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readFlowLog(ctx, strings.NewReader(line), "", func(quell.Event) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	many, report := flows(t, strings.Repeat("bad line\n", 500))
	if len(many) != 0 || report.BadTotal != 500 || len(report.Bad) != maxBadLines {
		t.Errorf("%d bad of %d told", len(report.Bad), report.BadTotal)
	}
}

func FuzzEachFlow(f *testing.F) {
	f.Add("2 111122223333 eni-1 10.0.0.1 203.0.113.9 44321 443 6 10 840 1772600000 1772600060 ACCEPT OK\n")
	f.Add("account-id srcaddr start\n1 2 3\n\n- - -")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		report, err := readFlowLog(t.Context(), strings.NewReader(text), "f", func(e quell.Event) error {
			n++
			if e.Time.IsZero() || e.Name == "" || e.ID == "" || !json.Valid(e.Raw) {
				t.Errorf("event %+v", e)
			}
			return nil
		})
		if err != nil || n != report.Events || report.Events+report.NoData+report.SkipData+report.BadTotal > report.Lines {
			t.Errorf("%d events, report %+v, %v", n, report, err)
		}
	})
}

// names writes entities in one line.
func names(list []quell.Entity) string {
	var out []string
	for _, e := range list {
		name := string(e.Part) + " " + e.Key()
		if e.Of != "" {
			name += " <" + e.Of
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}
