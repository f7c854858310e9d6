package run

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

// drawSteps makes a plan of steps over keys of their own, each needing some of those before it.
func drawSteps(rt *rapid.T, m *model, modes ...quell.Mode) []quell.PlanStep {
	var steps []quell.PlanStep
	for i := range rapid.IntRange(1, 4).Draw(rt, "steps") {
		var needs, keys []string
		for j := range i {
			if rapid.IntRange(0, 3).Draw(rt, "need") == 0 {
				needs = append(needs, fmt.Sprint("s", j))
			}
		}
		for k := range rapid.IntRange(0, 3).Draw(rt, "keys") {
			key := fmt.Sprintf("k%d%d", i, k)
			m.world[key] = rapid.SampledFrom([]string{"", "a", "quell"}).Draw(rt, "value")
			keys = append(keys, key)
		}
		steps = append(steps, m.step(fmt.Sprint("s", i), rapid.SampledFrom(modes).Draw(rt, "mode"), needs, keys...))
	}
	return steps
}

// TestNothingLeavesUnwritten drives random plans through faults, an opponent and deaths. The model checks each call as
// it leaves; here: it always settles, the sends are bounded, and a replay of the records gives the state at hand.
func TestNothingLeavesUnwritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(rt, nil)
		steps := drawSteps(rt, m, quell.Auto, quell.Approve, quell.Manual)
		answers := map[string]bool{}
		for _, st := range steps {
			answers[st.ID] = rapid.Bool().Draw(rt, "yes")
		}
		m.yes = func(st *Step) bool { return answers[st.ID] }
		m.fault = func(string, string) string {
			return rapid.SampledFrom([]string{"", "", "", "lost", "NoAnswer", "Throttling", "Limit", "OtherLimit", "Denied"}).Draw(rt, "fault")
		}
		opponent := rapid.SampledFrom([]string{"none", "some", "always"}).Draw(rt, "opponent")
		m.after = func(key string) {
			if opponent == "always" || opponent == "some" && rapid.Bool().Draw(rt, "undoes") {
				m.world[key] = "theirs"
			}
		}
		must := func(err error) {
			if err != nil && !errors.Is(err, errDead) {
				rt.Fatalf("%v", err)
			}
		}
		must(m.bind(steps...))
		runs := rapid.IntRange(1, 4).Draw(rt, "runs")
		for range runs {
			m.resume()
			if rapid.Bool().Draw(rt, "dies") {
				m.dieAt = len(m.records) + rapid.IntRange(1, 12).Draw(rt, "after")
				m.dieSent = rapid.Bool().Draw(rt, "after the call left")
			}
			must(m.run(rapid.IntRange(0, 4).Draw(rt, "apply") > 0))
		}
		calls := 0
		for _, keys := range m.keys {
			calls += len(keys)
		}
		// In each run a call is tried at most four times or once per way, in at most MaxRounds rounds and the first.
		if bound := runs * calls * (MaxRounds + 1) * (maxTries + 3); m.sends > bound {
			rt.Errorf("%d calls left, more than %d", m.sends, bound)
		}
		have := m.state
		m.resume()
		if diff := cmp.Diff(have, m.state, cmp.AllowUnexported(State{})); diff != "" {
			rt.Errorf("a replay gives another state: %s", diff)
		}
	})
}

// TestKilledAfterAnyRecord ends the same, whichever record was the last, and whether or not the call had left.
func TestKilledAfterAnyRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := newModel(rt, nil)
		steps := drawSteps(rt, seed, quell.Auto)
		start := maps.Clone(seed.world)
		lost := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "lost", "NoAnswer", "Throttling"}), 4, 4).Draw(rt, "faults")
		open := func() *model {
			m := newModel(rt, start)
			m.keys = seed.keys
			n := 0
			m.fault = func(string, string) string { n++; return append(lost, "")[min(n-1, len(lost))] }
			if err := m.bind(steps...); err != nil {
				rt.Fatalf("%v", err)
			}
			return m
		}
		whole := open()
		if err := whole.run(true); err != nil {
			rt.Fatalf("%v", err)
		}
		records := len(whole.records)
		checkEnd(rt, whole, start, "not killed")
		for n := 2; n < records; n++ {
			for _, sent := range []bool{false, true} {
				m := open()
				m.dieAt, m.dieSent = n, sent
				if err := m.run(true); !errors.Is(err, errDead) {
					rt.Fatalf("killed after %d records: %v", n, err)
				}
				m.resume()
				if err := m.run(true); err != nil {
					rt.Fatalf("%v", err)
				}
				checkEnd(rt, m, start, fmt.Sprintf("killed after %d records, call sent %v", n, sent))
			}
		}
	})
}

// checkEnd wants every step done and every key set; then everything undone, and the account as it began.
func checkEnd(rt *rapid.T, m *model, start map[string]string, when string) {
	rt.Helper()
	for id, st := range m.state.Steps {
		if st.Status != quell.StepDone {
			rt.Fatalf("%s: step %s is %s (%s)", when, id, st.Status, st.WhyNot)
		}
		for _, k := range m.keys[id] {
			if m.world[k] != "quell" {
				rt.Fatalf("%s: %s is %q", when, k, m.world[k])
			}
		}
	}
	m.fault = nil
	if err := m.append(quell.RecordUndo, "", quell.UndoBound{Steps: UndoSteps(m.state, "")}); err != nil {
		rt.Fatalf("%v", err)
	}
	if err := m.run(true); err != nil {
		rt.Fatalf("%v", err)
	}
	if diff := cmp.Diff(start, m.world); diff != "" {
		rt.Fatalf("%s: undone, the account differs: %s", when, diff)
	}
}

// TestUndoLeavesWhatOthersChanged: with others' changes in between, undo restores exactly what they left alone.
func TestUndoLeavesWhatOthersChanged(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(rt, nil)
		steps := drawSteps(rt, m, quell.Auto)
		start := maps.Clone(m.world)
		if err := m.bind(steps...); err != nil {
			rt.Fatalf("%v", err)
		}
		if err := m.run(true); err != nil {
			rt.Fatalf("%v", err)
		}
		want := maps.Clone(start)
		drifted := map[string]bool{}
		for _, keys := range m.keys {
			for _, k := range keys {
				if start[k] != "quell" && rapid.IntRange(0, 2).Draw(rt, "drift") == 0 {
					m.world[k], want[k], drifted[k] = "theirs", "theirs", true
				}
			}
		}
		m.order = nil
		if err := m.append(quell.RecordUndo, "", quell.UndoBound{Steps: UndoSteps(m.state, "")}); err != nil {
			rt.Fatalf("%v", err)
		}
		if err := m.run(true); err != nil {
			rt.Fatalf("%v", err)
		}
		if diff := cmp.Diff(want, m.world); diff != "" {
			rt.Errorf("undo: %s", diff)
		}
		for i := 1; i < len(m.order); i++ {
			if m.order[i] > m.order[i-1] && m.order[i][:2] == m.order[i-1][:2] {
				rt.Errorf("not the last done first: %v", m.order)
			}
		}
		for id, st := range m.state.Steps {
			if st.Undo == "" {
				continue
			}
			changed := false
			for _, k := range m.keys[st.Undo] {
				changed = changed || drifted[k]
			}
			if changed != (st.Status == quell.StepRefused) {
				rt.Errorf("%s is %s (%s), others changed something: %v", id, st.Status, st.WhyNot, changed)
			}
		}
	})
}
