package plan

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

func TestFill(t *testing.T) {
	outputs := map[string]json.RawMessage{
		"snap":     json.RawMessage(`{"id":"snap-1","n":7,"list":["a"],"evil":"${steps.snap.id}\"}","null":null}`),
		"snap.eve": json.RawMessage(`{"id":"snap-2"}`),
		"broken":   json.RawMessage(`{`),
	}
	tests := []struct {
		with, want string
		missing    []string
	}{
		{`{"a":1}`, `{"a":1}`, nil},
		{`{"a":"${steps.snap.id}"}`, `{"a":"snap-1"}`, nil},
		{`{"a":"${steps.snap.eve.id}"}`, `{"a":"snap-2"}`, nil},
		{`{"a":["${steps.snap.list}"]}`, `{"a":[["a"]]}`, nil},
		{`{"a":{"b":"${steps.snap.n}"}}`, `{"a":{"b":7}}`, nil},
		{`{"a":"x-${steps.snap.id}-${steps.snap.n}"}`, `{"a":"x-snap-1-7"}`, nil},
		{`{"a":"${steps.snap.evil}"}`, `{"a":"${steps.snap.id}\"}"}`, nil},
		{`{"a":"${steps.snap.none}","b":"${steps.gone.id}"}`, "", []string{"steps.gone.id", "steps.snap.none"}},
		{`{"a":"${steps.snap.null}"}`, "", []string{"steps.snap.null"}},
		{`{"a":"${steps.broken.id}"}`, "", []string{"steps.broken.id"}},
		{`{"a":"x${steps.snap.list}"}`, "", []string{"steps.snap.list (not text)"}},
		{`{"a":"${steps.snap.id}"`, "", []string{"with"}},
	}
	for _, tt := range tests {
		t.Run(tt.with, func(t *testing.T) {
			step := quell.PlanStep{ID: "s", Status: quell.StepUnbound, With: json.RawMessage(tt.with)}
			got, missing := Fill(step, outputs)
			if !slices.Equal(missing, tt.missing) {
				t.Fatalf("missing %q, want %q", missing, tt.missing)
			}
			if string(step.With) != tt.with {
				t.Error("the step given was changed")
			}
			if len(missing) > 0 {
				if got.Status != quell.StepUnbound || string(got.With) != tt.with {
					t.Errorf("still missing something, it is %s with %s", got.Status, got.With)
				}
				return
			}
			if got.Status != quell.StepPending || string(got.With) != tt.want {
				t.Errorf("%s with %s, want %s", got.Status, got.With, tt.want)
			}
		})
	}
}

// Whatever an output holds, it stays one JSON string in the place of its reference.
func TestFillKeepsDataData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		output, err := json.Marshal(map[string]string{"v": value})
		if err != nil {
			t.Fatal(err)
		}
		step, missing := Fill(quell.PlanStep{With: json.RawMessage(`{"a":"${steps.x.v}","b":"<${steps.x.v}>","c":true}`)},
			map[string]json.RawMessage{"x": output})
		var got map[string]any
		if err := json.Unmarshal(step.With, &got); err != nil || len(missing) > 0 {
			t.Fatal(err, missing)
		}
		var round map[string]string
		if err := json.Unmarshal(output, &round); err != nil {
			t.Fatal(err)
		}
		if len(got) != 3 || got["a"] != round["v"] || got["b"] != "<"+round["v"]+">" || got["c"] != true {
			t.Fatalf("%q became %v", value, got)
		}
	})
}
