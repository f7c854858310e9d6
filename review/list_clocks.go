package review

import (
	"fmt"
	"time"
)

// regime is a law or duty whose clock an incident may start. Hours is set where the clock is a plain count of hours.
type regime struct {
	name, trigger, clock string
	hours                int
}

// regimes are common ones, as data for those who decide. Sources: GDPR art. 33 and 34, NIS2 art. 23, Form 8-K item
// 1.05, DORA art. 19 with RTS 2025/301, 45 CFR 164.404-408, PCI DSS 4.0 requirement 12.10, and the national acts named.
var regimes = []regime{
	{"GDPR art. 33, UK GDPR", "breach of personal data", "72 h from awareness, to the authority; art. 34 to people at high risk without undue delay", 72},
	{"NIS2 art. 23, early warning", "significant incident", "24 h from awareness", 24},
	{"NIS2 art. 23, notification", "significant incident", "72 h from awareness; final report one month after it", 72},
	{"SEC Form 8-K item 1.05", "material incident of a US issuer", "4 business days from the determination of materiality", 0},
	{"DORA art. 19", "major ICT-related incident of a financial entity in the EU", "4 h from classification, at most 24 h from awareness; 72 h; one month", 24},
	{"HIPAA", "unsecured health information", "60 days from discovery; media where more than 500 people", 0},
	{"PCI DSS 12.10", "card data", "at once, to acquirer and brands", 0},
	{"CCPA, PIPEDA, Australian NDB", "see each", "most expedient; as soon as feasible; assessment within 30 days", 0},
	{"Contracts, insurance, AWS abuse notices", "per text", "per text, often 24 to 72 h", 0},
}

// regulation lists the clocks that could start. It decides nothing: awareness and triggers are Legal's to judge, and
// the one date given is an example counted from a recorded moment.
func (f *facts) regulation() Section {
	s := Section{ID: "regulation", Title: "Regulatory clocks that could start"}
	s.say(nil, "Legal decides whether any of these applies and when it started. This table is data, not advice.")
	t := Table{Caption: "Clocks", Columns: []string{"Regime", "Trigger", "Clock", "If counted from the confirmation (t3)", "Decision, by whom, when"}}
	from := f.times[3]
	for _, r := range regimes {
		due := "not a count of hours"
		if r.hours > 0 {
			due = "n/a: " + from.why
			if !from.at.IsZero() {
				due = stamp(from.at.Add(time.Duration(r.hours) * time.Hour))
			}
		}
		t.row(from.records, r.name, r.trigger, r.clock, due, "for Legal to fill in")
	}
	if !from.at.IsZero() {
		s.say(from.records, "The incident was confirmed at %s. Whether that is awareness is for Legal to say.", stamp(from.at))
	}
	s.Tables = []Table{t}
	return s
}

// register lists what was kept, by its content's hash.
func (f *facts) register() Section {
	s := Section{ID: "evidence", Title: "Evidence register"}
	t := Table{Caption: "Artefacts", Columns: []string{"Item", "SHA-256", "Bytes", "Collected", "By", "From", "Complete", "Missing"},
		Empty: "No evidence is on record."}
	for _, e := range f.evidence {
		t.row([]int64{e.seq}, e.what.Name, e.what.SHA256, fmt.Sprint(e.what.Size), stamp(e.at), e.by, e.what.From,
			yesNo(e.what.Complete), listed(e.what.Missing, "")).Mark = !e.what.Complete
	}
	for _, c := range f.closings {
		s.say([]int64{c.seq}, "The ledger was sealed at %d records with root %s.", c.what.Size, c.what.Root)
	}
	if len(f.closings) == 0 {
		s.say(nil, "The ledger is not sealed: the incident is not closed.")
	}
	s.say(nil, "Legal hold and date of disposal: for Legal to fill in.")
	s.Tables = []Table{t}
	return s
}

// signOff leaves the signatures to be written by hand: a report that signs itself is worth nothing.
func (f *facts) signOff() Section {
	s := Section{ID: "sign-off", Title: "Sign-off"}
	t := Table{Caption: "Signatures", Columns: []string{"Role", "Person on record", "Signed, date"}}
	for _, role := range []string{"incident-manager", "security-analyst", "system-administrator", "legal", "communications"} {
		person := "nobody on record"
		for r, p := range f.Incident.People {
			if string(r) == role && p != "" {
				person = p
			}
		}
		t.row(f.changesOf("assign"), role, person, "")
	}
	s.Tables = []Table{t}
	return s
}

// annex is the log of answers, with those that came to nothing.
func (f *facts) annex() Section {
	s := Section{ID: "annex", Title: "Annex: decisions"}
	t := Table{Caption: "Decisions and attempts", Columns: []string{"Time", "Step", "Who", "As", "Answer", "Digest", "Reason"},
		Empty: "Nobody was asked, or nobody answered."}
	for _, d := range f.decisions {
		answer := "no"
		if d.what.Yes {
			answer = "yes"
		}
		t.row([]int64{d.seq}, stamp(d.at), d.what.Step, d.what.Person, string(d.what.As), answer, d.what.Digest, d.what.Reason)
	}
	for _, a := range f.attempts {
		t.row([]int64{a.seq}, stamp(a.at), a.step, a.by, string(a.what.As), "not counted", a.what.Digest, a.what.Why)
	}
	s.Tables = []Table{t}
	return s
}
