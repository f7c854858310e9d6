package approve

import (
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
)

const (
	account  = "111122223333"
	aliceARN = "arn:aws:iam::111122223333:user/alice"
	bobARN   = "arn:aws:iam::111122223333:user/ops/bob"
	caroSSO  = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/caro@example.com"
)

func team() Policy {
	return Policy{People: []Person{
		{Name: "Alice", ARNs: []string{aliceARN, "source-identity/alice"}, Roles: []quell.Role{quell.SecurityAnalyst, quell.IncidentManager}},
		{Name: "Bob", ARNs: []string{bobARN}, Roles: []quell.Role{quell.SecurityAnalyst}},
		{Name: "Caro", ARNs: []string{caroSSO}, Roles: []quell.Role{quell.IncidentManager}},
	}}
}

func userIncident(name string) quell.Incident {
	return quell.Incident{ID: "q-1", Account: account, Subject: quell.Entity{
		Kind: quell.KindUser, ID: "AIDA" + strings.ToUpper(name), Name: name, Account: account,
	}}
}

func TestMay(t *testing.T) {
	step := quell.PlanStep{ID: "cut", Roles: []quell.Role{quell.SecurityAnalyst}}
	mallory := userIncident("mallory")
	withMade := userIncident("mallory")
	withMade.Entities = []quell.Entity{{Kind: quell.KindUser, ID: "AIDABOB", Name: "bob", Account: account, Part: quell.PartMade}}
	key := quell.Incident{Account: account, Subject: quell.Entity{Kind: quell.KindAccessKey, ID: "AKIA1", Of: "AIDABOB"}, Entities: []quell.Entity{
		{Kind: quell.KindUser, ID: "AIDABOB", Name: "bob", ARN: bobARN, Part: quell.PartActor}}}
	keyByARN := quell.Incident{Account: account, Subject: quell.Entity{Kind: quell.KindAccessKey, ID: "AKIA1", Of: bobARN}}
	other := userIncident("bob")
	other.Account, other.Subject.Account = "999988887777", "999988887777"
	caro := quell.Incident{Account: account, Subject: quell.Entity{Kind: quell.KindSession, ID: "AROA1:caro@example.com", Name: "caro@example.com", ARN: caroSSO, Account: account}}
	tests := []struct {
		name     string
		policy   Policy
		person   string
		as       quell.Role
		incident quell.Incident
		step     quell.PlanStep
		why      string // empty: may
	}{
		{"holds the role", team(), bobARN, quell.SecurityAnalyst, mallory, step, ""},
		{"by name", team(), "Bob", quell.SecurityAnalyst, mallory, step, ""},
		{"case of the ARN", team(), strings.Replace(bobARN, "bob", "Bob", 1), quell.SecurityAnalyst, mallory, step, ""},
		{"another identity", team(), "source-identity/alice", quell.SecurityAnalyst, mallory, step, ""},
		{"Identity Center", team(), "identity-center/caro@example.com", quell.IncidentManager, mallory, quell.PlanStep{ID: "x"}, ""},
		{"unknown person", team(), "arn:aws:iam::111122223333:user/eve", quell.SecurityAnalyst, mallory, step, "not one of the people"},
		{"unknown name", team(), "bob", quell.SecurityAnalyst, mallory, step, "not one of the people"},
		{"nobody", team(), "", quell.SecurityAnalyst, mallory, step, "not one of the people"},
		{"a session named like a person", team(), "arn:aws:sts::111122223333:assumed-role/ops/Bob", quell.SecurityAnalyst, mallory, step, "not one of the people"},
		{"role not held", team(), bobARN, quell.IncidentManager, mallory, step, "does not hold"},
		{"role not the step's", team(), "Alice", quell.IncidentManager, mallory, step, "may not answer for step cut"},
		{"role not the default", team(), bobARN, quell.SecurityAnalyst, mallory, quell.PlanStep{ID: "x"}, "may not answer for step x"},
		{"no such role", team(), bobARN, "boss", mallory, step, "there is no role"},
		{"subject by name and account", team(), bobARN, quell.SecurityAnalyst, userIncident("Bob"), step, "is the subject"},
		{"subject by listed name", team(), "Bob", quell.SecurityAnalyst, userIncident("bob"), step, "is the subject"},
		{"subject's other identity", team(), aliceARN, quell.SecurityAnalyst, quell.Incident{Account: account,
			Subject: quell.Entity{Kind: quell.KindUser, ID: "AIDAX", Name: "alice", Account: "999988887777"}}, step, "is the subject"},
		{"namesake in another account", team(), bobARN, quell.SecurityAnalyst, other, step, ""},
		{"made by the intruder", team(), bobARN, quell.SecurityAnalyst, withMade, step, "among the suspects"},
		{"owner of the leaked key", team(), bobARN, quell.SecurityAnalyst, key, step, "among the suspects"},
		{"owner known by ARN alone", team(), bobARN, quell.SecurityAnalyst, keyByARN, step, "behind the subject"},
		{"subject's Identity Center session", team(), caroSSO, quell.IncidentManager, caro, quell.PlanStep{}, "is the subject"},
		{"local operator", Policy{}, "root", quell.Legal, mallory, quell.PlanStep{Roles: []quell.Role{quell.Legal}}, ""},
		{"local operator of the subject's name", Policy{}, "mallory", quell.SecurityAnalyst, mallory, step, ""},
		{"local operator with the subject's credentials", Policy{}, "arn:aws:iam::111122223333:user/mallory", quell.SecurityAnalyst, mallory, step, "is the subject"},
		{"local operator with the subject's id", Policy{}, "AIDAMALLORY", quell.SecurityAnalyst, mallory, step, "is the subject"},
		{"local operator in a session of the suspected role", Policy{}, "arn:aws:sts::111122223333:assumed-role/ops/me", quell.SecurityAnalyst,
			quell.Incident{Account: account, Subject: quell.Entity{Kind: quell.KindRole, ID: "AROA1", Name: "ops", Account: account}}, step, "is the subject"},
		{"root", Policy{}, "arn:aws:iam::111122223333:root", quell.SecurityAnalyst,
			quell.Incident{Account: account, Subject: quell.Entity{Kind: quell.KindRoot, ID: account, Name: "root"}}, step, "is the subject"},
		{"no subject yet", Policy{}, aliceARN, quell.SecurityAnalyst, quell.Incident{}, step, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.policy.May(tt.person, tt.as, tt.incident, tt.step)
			if tt.why == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if quell.CodeOf(err) != quell.CodeRefused || !strings.Contains(err.Error(), tt.why) || !strings.Contains(err.Error(), "; ") {
				t.Errorf("got %v, want %q and what to do", err, tt.why)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	if got := (Policy{}).Roles("anybody"); len(got) != len(quell.Roles) {
		t.Errorf("the local operator holds %v", got)
	}
	if got := team().Roles(bobARN); len(got) != 1 || got[0] != quell.SecurityAnalyst {
		t.Errorf("Bob holds %v", got)
	}
	if got := team().Roles("eve"); len(got) != 0 {
		t.Errorf("a stranger holds %v", got)
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Policy)
		why    string
	}{
		{"good", func(*Policy) {}, ""},
		{"quorum", func(p *Policy) { p.Quorum = map[string]int{IrreversibleQuorum: 2} }, ""},
		{"level", func(p *Policy) { p.Level = "x" }, "unknown automation level"},
		{"no ARN", func(p *Policy) { p.People[0].ARNs = nil }, "at least one ARN"},
		{"session name", func(p *Policy) { p.People[0].ARNs[0] = "arn:aws:sts::111122223333:assumed-role/ops/alice" }, "names no person"},
		{"ARN in capitals", func(p *Policy) { p.People[1].ARNs[0] = strings.ToUpper(aliceARN[:30]) + "alice" }, "names no person"},
		{"shared identity", func(p *Policy) { p.People[1].ARNs[0] = "source-identity/Alice" }, "stands for both"},
		{"role", func(p *Policy) { p.People[0].Roles = []quell.Role{"boss"} }, "unknown role"},
		{"quorum of nobody", func(p *Policy) { p.Quorum = map[string]int{"contain": 9} }, "cannot be met"},
		{"quorum of none", func(p *Policy) { p.Quorum = map[string]int{"contain": 0} }, "cannot be met"},
		{"escalation", func(p *Policy) { p.Escalation = []Escalation{{To: "boss"}} }, "needs a time and a known role"},
		{"expiry", func(p *Policy) { p.Expiry = -time.Hour }, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := team()
			tt.change(&p)
			err := p.Validate()
			if tt.why == "" && err != nil || tt.why != "" && (quell.CodeOf(err) != quell.CodeUsage || !strings.Contains(err.Error(), tt.why)) {
				t.Errorf("got %v, want %q", err, tt.why)
			}
		})
	}
}

func TestOverdue(t *testing.T) {
	since := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	p := Policy{Escalation: []Escalation{{After: time.Hour, To: quell.Legal}, {After: time.Minute, To: quell.SecurityAnalyst}}}
	for _, tt := range []struct {
		policy Policy
		after  time.Duration
		want   []quell.Role
	}{
		{p, 0, nil},
		{p, time.Minute, []quell.Role{quell.SecurityAnalyst}},
		{p, 2 * time.Hour, []quell.Role{quell.SecurityAnalyst, quell.Legal}},
		{Policy{}, 9 * time.Minute, nil},
		{Policy{}, 10 * time.Minute, []quell.Role{quell.IncidentManager}},
	} {
		var got []quell.Role
		for _, e := range tt.policy.Overdue(since, since.Add(tt.after)) {
			got = append(got, e.To)
		}
		if len(got) != len(tt.want) || len(got) > 0 && got[0] != tt.want[0] {
			t.Errorf("after %s: %v, want %v", tt.after, got, tt.want)
		}
	}
}
