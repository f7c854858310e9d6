package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/evidence"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/sandbox"
	"github.com/quell-ir/quell/simulate"
	"github.com/quell-ir/quell/store/keyfile"
	"github.com/quell-ir/quell/store/sqlite"
)

// DemoCmd is `quell demo`.
type DemoCmd struct {
	Seed int64  `help:"Another seed tells another story." default:"7"`
	Dir  string `help:"Folder for the demo's report and ledger; a new one by default." type:"path"`
}

// act is one half of the demo: the same intruder against one response.
type act struct {
	Name     string               `json:"name"`
	Verdict  quell.VerdictValue   `json:"verdict"`
	Proof    quell.Proof          `json:"proof"`
	Why      string               `json:"why"`
	Times    map[string]time.Time `json:"times"`
	Through  int                  `json:"acts_through_after_containment"`
	Refused  int                  `json:"acts_refused_after_containment"`
	Incident string               `json:"incident"`
	Report   string               `json:"report"`
	Bundle   string               `json:"bundle"`
	Undo     []string             `json:"undo"`
	started  time.Time
}

// Run implements the command.
func (c *DemoCmd) Run(ctx context.Context, m *Main) error {
	dir := c.Dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "quell-demo-"); err != nil {
			return fmt.Errorf("make the demo's folder: %w", err)
		}
	}
	story := &teller{w: m.Stdout, pause: m.storyPause()}
	if m.cli.JSON {
		story.w = io.Discard
	}
	story.title("A key of the pipeline has leaked. The same intruder, against two responses.")
	naive, err := c.play(ctx, m, story, filepath.Join(dir, "naive"), true)
	if err != nil {
		return err
	}
	full, err := c.play(ctx, m, story, filepath.Join(dir, "quell"), false)
	if err != nil {
		return err
	}
	if m.cli.JSON {
		return m.printJSON(map[string]any{
			"incident": full.Incident, "verdict": full.Verdict, "proof": full.Proof, "naive": naive, "quell": full,
			"report": full.Report, "ledger": full.Bundle,
		})
	}
	story.table(naive, full)
	if naive.Verdict != quell.Leaking || full.Verdict != quell.Held {
		return &quell.Error{Code: quell.CodeFailed, What: fmt.Sprintf("the story ended otherwise: naive %s, Quell %s", naive.Verdict, full.Verdict)}
	}
	return nil
}

// storyPause lets a person read along on a terminal; elsewhere nobody waits.
func (m *Main) storyPause() time.Duration {
	if f, ok := m.Stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return 25 * time.Millisecond
	}
	return 0
}

// play lets the intruder loose on a fresh account and answers it.
func (c *DemoCmd) play(ctx context.Context, m *Main, story *teller, dir string, naive bool) (act, error) {
	a := act{Name: "Quell", Times: map[string]time.Time{}}
	if naive {
		a.Name = "the key switched off"
	}
	story.title("--- " + a.Name + " ---")
	story.roads, story.made, story.verdictTold = nil, "", ""
	// The trail keeps S3 object events too, as a trail that serves response should.
	w := sandbox.New(sandbox.Options{Seed: c.Seed, DataEvents: true, Regions: []string{"us-east-1", "eu-west-1"}})
	story.clock = w.Clock()
	victim := simulate.NewVictim(w)
	intruder := simulate.NewIntruder(ctx, victim, c.Seed, 20*time.Second)
	intruder.Told = story.intruder
	desk, stage, err := c.desk(ctx, m, w, dir)
	if err != nil {
		return a, err
	}
	desk.Tell = story.record
	a, err = c.answer(ctx, m, a, w, intruder, desk, stage, story, naive)
	return a, errors.Join(err, stage.store.Close())
}

// stage is what one half of the demo writes into.
type stage struct {
	dir    string
	store  *sqlite.Store
	folder *evidence.Folder
}

func (c *DemoCmd) desk(ctx context.Context, _ *Main, w *sandbox.World, dir string) (*respond.Desk, stage, error) {
	s := stage{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, s, fmt.Errorf("make the demo's folder: %w", err)
	}
	signer, key, err := keyfile.LoadOrCreateKey(filepath.Join(dir, "ledger.key"))
	if err != nil {
		return nil, s, err
	}
	if s.store, err = sqlite.Open(ctx, filepath.Join(dir, "ledger.db")); err != nil {
		return nil, s, err
	}
	if s.folder, err = evidence.Open(filepath.Join(dir, "evidence")); err != nil {
		return nil, s, errors.Join(err, s.store.Close())
	}
	kit, err := simulate.NewKit()
	if err != nil {
		return nil, s, errors.Join(err, s.store.Close())
	}
	return kit.Desk(w, ledger.Open(s.store, signer, key, w.Clock()), s.folder, approve.Automatic), s, nil
}

func (c *DemoCmd) answer(ctx context.Context, m *Main, a act, w *sandbox.World, intruder *simulate.Intruder, desk *respond.Desk, s stage, story *teller, naive bool) (act, error) {
	a.started = w.Clock().Now()
	a.Times["attack begins"] = a.started
	intruder.Start()
	findings, err := c.detect(ctx, m, w, story)
	if err != nil {
		return a, err
	}
	a.Times["detected"] = w.Clock().Now()
	if naive {
		desk.Books = []quell.Playbook{simulate.Naive()}
	}
	opened, err := desk.Open(ctx, findings)
	if err != nil {
		return a, err
	}
	a.Incident = opened[0].ID
	var out respond.Outcome
	if naive {
		out, err = c.answerNaively(ctx, w, desk, a.Incident)
	} else {
		out, err = c.answerFully(ctx, desk, a.Incident, story)
	}
	if err != nil {
		return a, err
	}
	intruder.Stop()
	a.Times["first containing call"] = firstCall(out)
	a.Times["last containing call"] = out.Run.ContainedAt
	a.Times["verdict known"] = w.Clock().Now()
	a.Verdict, a.Proof, a.Why = out.Verdict, out.Proof, out.Why
	a.Through, a.Refused = count(out.Run)
	story.verdict(out)
	if !naive {
		if err := c.takeBack(ctx, &a, desk, story); err != nil {
			return a, err
		}
	}
	return a, c.write(ctx, &a, desk, s)
}

// answerNaively switches the key off once, and then only looks.
func (c *DemoCmd) answerNaively(ctx context.Context, w *sandbox.World, desk *respond.Desk, id string) (respond.Outcome, error) {
	out, err := desk.Respond(ctx, id, respond.Options{Apply: true})
	for range 10 {
		if err != nil || out.Verdict == quell.Leaking {
			return out, err
		}
		if err := w.Clock().Sleep(ctx, 3*time.Minute); err != nil {
			return out, err
		}
		out, err = desk.Respond(ctx, id, respond.Options{})
	}
	return out, err
}

// answerFully shows the plan, takes a yes, and stays until the verdict is known; what comes to light meanwhile and needs a
// person is asked about when it does.
func (c *DemoCmd) answerFully(ctx context.Context, desk *respond.Desk, id string, story *teller) (respond.Outcome, error) {
	out, err := desk.Respond(ctx, id, respond.Options{})
	if err != nil {
		return out, err
	}
	story.plan(out)
	for range 12 {
		if _, err = desk.Approve(ctx, id, respond.Answer{All: true, Reason: "demo"}); err == nil {
			story.say("YOU", "yes, to the calls shown")
		} else if quell.CodeOf(err) != quell.CodeWaiting {
			return out, err
		}
		if out, err = desk.Respond(ctx, id, respond.Options{Apply: true, Wait: 20 * time.Minute}); err != nil || out.Verdict == quell.Held {
			return out, err
		}
	}
	return out, err
}

// detect reads the account's trail as it is delivered, until a finding calls for a response.
func (c *DemoCmd) detect(ctx context.Context, m *Main, w *sandbox.World, story *teller) ([]quell.Finding, error) {
	hunter, err := m.hunter(true, nil)
	if err != nil {
		return nil, err
	}
	hunter.Clock = w.Clock()
	hunter.Tell = func(f quell.Finding) {
		if f.Severity >= quell.Medium {
			story.say("QUELL", "sees: %s (%s)", quell.Clean(f.Title), f.Severity)
		}
	}
	read := 0
	for range 120 {
		if err := w.Clock().Sleep(ctx, 30*time.Second); err != nil {
			return nil, err
		}
		records := w.Delivered(read)
		read += len(records)
		if err := hunter.Records(records, "the account's trail"); err != nil {
			return nil, err
		}
		if worth := worthAnswering(hunter.Result()); worth != nil {
			return worth, nil
		}
	}
	return nil, &quell.Error{Code: quell.CodeFailed, What: "an hour went by and no rule saw the intruder"}
}

// worthAnswering returns the findings once one of them is high; the weaker ones come along.
func worthAnswering(r hunt.Result) []quell.Finding {
	var out []quell.Finding
	high := false
	for _, f := range r.Findings {
		if f.Severity >= quell.Medium {
			out = append(out, f)
		}
		high = high || f.Severity >= quell.High
	}
	if !high {
		return nil
	}
	return out
}

// count says how many acts went through after containment, and how many did not, as far as the trail showed.
func count(s *run.State) (through, refused int) {
	seen := map[string]bool{}
	for _, p := range s.Probes {
		for _, e := range p.Successes {
			if e.Time.After(s.ContainedAt.Add(run.Propagation)) && !seen[e.ID] {
				seen[e.ID] = true
				through++
			}
		}
		for _, e := range p.Refusals {
			if !seen[e.ID] {
				seen[e.ID] = true
				refused++
			}
		}
	}
	return through, refused
}

func (c *DemoCmd) takeBack(ctx context.Context, a *act, desk *respond.Desk, story *teller) error {
	out, err := desk.Undo(ctx, a.Incident, respond.UndoOptions{})
	if err != nil {
		return err
	}
	for _, p := range out.Plan.Steps {
		line := fmt.Sprintf("%s: %d calls", p.ID, len(p.Calls))
		if p.WhyNot != "" {
			line = p.ID + ": " + p.WhyNot
		}
		a.Undo = append(a.Undo, line)
	}
	story.undo(out)
	return nil
}

// write leaves the report and a bundle that can be verified.
func (c *DemoCmd) write(ctx context.Context, a *act, desk *respond.Desk, s stage) error {
	report, err := desk.Review(ctx, a.Incident)
	if err != nil {
		return err
	}
	a.Report = filepath.Join(s.dir, "report.html")
	if err := writeWhole(a.Report, report.HTML); err != nil {
		return err
	}
	a.Bundle = filepath.Join(s.dir, a.Incident+".bundle")
	return writeWhole(a.Bundle, func(w io.Writer) error { return desk.Log.Export(ctx, a.Incident, w, s.folder.Open) })
}
