package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// errDead stands for the process's end.
var errDead = errors.New("dead")

var begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// tester is what both testing.T and rapid.T are.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// model is an account of named values, and a driver over it. The one action, "set", wants each key of its step to be
// "quell"; it sends one call per key. Everything that leaves is checked against the records at that moment.
type model struct {
	t       tester
	world   map[string]string
	keys    map[string][]string // by step
	records []quell.Record
	state   *State
	now     time.Time
	dieAt   int  // records after which nothing is durable any more; 0 never
	dieSent bool // dies after the call left rather than before
	sends   int
	order   []string // keys as they were set
	// fault is what becomes of a call: "" carried out and answered, "lost" carried out and not answered, "NoAnswer" neither,
	// any other is a refusal with that code.
	fault func(op, key string) string
	// after is what others do after each call.
	after func(key string)
	yes   func(st *Step) bool
	lift  time.Duration // how long each call's deny must stay
}

func newModel(t tester, world map[string]string) *model {
	own := map[string]string{}
	maps.Copy(own, world)
	return &model{t: t, world: own, keys: map[string][]string{}, state: NewState(), now: begin}
}

func (m *model) append(kind quell.RecordKind, step string, payload any) error {
	if m.dieAt > 0 && len(m.records) >= m.dieAt {
		return errDead
	}
	r, err := quell.NewRecord("q-1", kind, "tester", step, payload)
	if err != nil {
		m.t.Fatalf("record: %v", err)
	}
	m.now = m.now.Add(time.Second)
	r.Seq, r.Time = int64(len(m.records)), m.now
	m.records = append(m.records, r)
	if err := m.state.Apply(r); err != nil {
		m.t.Fatalf("apply: %v", err)
	}
	return nil
}

func (m *model) bind(steps ...quell.PlanStep) error {
	return m.append(quell.RecordBound, "", quell.Bound{Steps: steps})
}

func (m *model) step(id string, mode quell.Mode, needs []string, keys ...string) quell.PlanStep {
	m.keys[id] = keys
	return quell.PlanStep{ID: id, Action: "set", Mode: mode, Phase: quell.Contain, Needs: needs}
}

func (m *model) rules() Rules {
	return Rules{
		Collects: func(string) bool { return false },
		Delay:    func([]quell.Call) time.Duration { return 2 * time.Second },
		Covered:  func(st *Step) bool { return m.yes != nil && m.yes(st) },
		Retry:    func(code string) bool { return code == "Throttling" },
		Lost:     func(code string) bool { return code == CodeNoAnswer },
	}
}

// run begins a run and drives it until nothing can move.
func (m *model) run(apply bool) error {
	m.t.Helper()
	if err := m.append(quell.RecordRun, "", quell.RunStarted{Apply: apply}); err != nil {
		return err
	}
	return m.settle()
}

func (m *model) settle() error {
	for range 5000 {
		commands := Next(m.state, m.rules())
		i := slices.IndexFunc(commands, func(c Command) bool { return c.Do != DoAsk })
		if i < 0 {
			return nil
		}
		if err := m.carryOut(commands[i]); err != nil {
			return err
		}
	}
	m.t.Fatalf("it never settles")
	return nil
}

// resume is a new process over the same records.
func (m *model) resume() {
	m.t.Helper()
	m.dieAt = 0
	state, err := Replay(m.records)
	if err != nil {
		m.t.Fatalf("replay: %v", err)
	}
	m.state = state
}

func (m *model) carryOut(c Command) error {
	st := m.state.Steps[c.Step]
	switch c.Do {
	case DoLook:
		return m.append(quell.RecordPlanned, st.ID, m.look(st))
	case DoSend:
		return m.send(st, c)
	case DoDoubt:
		return m.append(quell.RecordResult, st.ID, quell.Result{Key: st.Open.Key, Code: CodeInDoubt})
	case DoWait:
		m.now = m.now.Add(c.Pause)
		return m.append(quell.RecordWaited, st.ID, quell.Waited{})
	case DoSet:
		return m.append(quell.RecordStep, st.ID, quell.StepChange{Status: c.Status, Why: c.Why})
	}
	m.t.Fatalf("unknown command %+v", c)
	return nil
}

type setInput struct{ Key, Value string }

func setCall(op, key, value string) quell.Call {
	input, _ := json.Marshal(setInput{key, value})
	return quell.Call{Op: op, Input: input}
}

func (m *model) look(st *Step) quell.Planned {
	keys := m.keys[st.ID]
	if st.Undo != "" {
		keys = m.keys[st.Undo]
	}
	seen := map[string]string{}
	for _, k := range keys {
		seen[k] = m.world[k]
	}
	state, _ := quell.Canonical(seen)
	p := quell.Planned{Round: st.Round, State: state}
	if !untried(st) {
		p.Round++
	}
	if st.Undo != "" {
		of := m.state.Steps[st.Undo]
		undo, err := PlanUndo(UndoInput{Before: of.Before, After: of.After, Now: state, Sent: of.Sent, At: m.now, Lift: m.state.Lift})
		if err != nil {
			m.t.Fatalf("plan undo: %v", err)
		}
		p.Calls, p.Settled = undo.Calls, len(undo.Calls) == 0
		if len(undo.Calls) == 0 && len(undo.Refused) > 0 {
			p.Refused = fmt.Sprint(undo.Refused)
		}
	} else {
		before := seen
		if st.Before != nil {
			before = map[string]string{}
			_ = json.Unmarshal(st.Before, &before)
		}
		for _, k := range keys {
			if seen[k] == "quell" {
				continue
			}
			inverse := setCall("m:Set", k, before[k])
			c := setCall("m:Set", k, "quell").UndoneBy(inverse).Touching("/"+k).
				Or(setCall("m:SetOther", k, "quell").UndoneBy(inverse).Touching("/"+k), "Limit").
				Or(setCall("m:SetLast", k, "quell").UndoneBy(inverse).Touching("/"+k), "OtherLimit")
			if m.lift > 0 {
				c = c.KeepingOut("sessions", int64(m.lift/time.Second))
			}
			p.Calls = append(p.Calls, c)
		}
		p.Settled = len(p.Calls) == 0
	}
	p.Digest, _ = quell.Digest(p.Calls)
	return p
}

func (m *model) send(st *Step, c Command) error {
	way, ok := st.Calls[c.Call].Way(c.Way)
	if !ok {
		m.t.Fatalf("no way %d of call %d", c.Way, c.Call)
	}
	key := fmt.Sprint(st.ID, st.Digest, c.Call, c.Way)
	if err := m.append(quell.RecordIntent, st.ID, quell.Intent{
		Key: key, Op: way.Op, Input: way.Input, Try: c.Try, Of: c.Call, Way: c.Way, Undo: st.Undo != "",
	}); err != nil {
		return err
	}
	if m.dieAt > 0 && len(m.records) >= m.dieAt && !m.dieSent {
		return errDead // between the intent and the call
	}
	result := m.leave(st, key, way)
	return m.append(quell.RecordResult, st.ID, result)
}

// leave is the moment of truth: the account carries a call out, after the promises about it were checked.
func (m *model) leave(st *Step, key string, c quell.Call) quell.Result {
	m.checkLeaving(st, c)
	m.sends++
	var in setInput
	if err := json.Unmarshal(c.Input, &in); err != nil {
		m.t.Fatalf("input: %v", err)
	}
	fault := ""
	if m.fault != nil {
		fault = m.fault(c.Op, in.Key)
	}
	result := quell.Result{Key: key, OK: fault == "", Code: fault}
	if fault == "lost" {
		result.Code = CodeNoAnswer
	}
	if fault == "" || fault == "lost" {
		m.world[in.Key] = in.Value
		m.order = append(m.order, in.Key)
		if m.after != nil {
			m.after(in.Key)
		}
	}
	return result
}

// checkLeaving holds a call that leaves against the records: its intent is the last of them, the step was looked at in
// this run, the run applies, and a person said yes where one must.
func (m *model) checkLeaving(st *Step, c quell.Call) {
	m.t.Helper()
	last := m.records[len(m.records)-1]
	intent, err := quell.Payload[quell.Intent](last)
	if last.Kind != quell.RecordIntent || last.Step != st.ID || err != nil || intent.Op != c.Op || string(intent.Input) != string(c.Input) {
		m.t.Errorf("%s left without its intent: the last record is %s %s", c.Op, last.Kind, last.Data)
	}
	looked, applying := false, false
	for _, r := range slices.Backward(m.records) {
		if r.Kind == quell.RecordPlanned && r.Step == st.ID {
			looked = true
		}
		if r.Kind == quell.RecordRun {
			started, _ := quell.Payload[quell.RunStarted](r)
			applying = started.Apply
			break
		}
	}
	if !looked || !applying {
		m.t.Errorf("%s left: looked at in this run %v, applying %v", c.Op, looked, applying)
	}
	if st.Mode == quell.Manual || st.Mode == quell.Approve && st.Undo == "" && !m.yes(st) {
		m.t.Errorf("%s left without a yes (mode %s)", c.Op, st.Mode)
	}
	for _, id := range st.Needs {
		if need := m.state.Steps[id]; need != nil && need.Status != quell.StepDone && need.Status != quell.StepSkipped {
			m.t.Errorf("%s left, and %s, which it needs, is %s", c.Op, id, need.Status)
		}
	}
}
