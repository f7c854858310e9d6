package incident

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/quell-ir/quell"
)

// story is the ledger of a leaked key: found, scoped, planned, approved, contained, judged, closed.
func story(t testing.TB) []quell.Record {
	t.Helper()
	const incident = "q-0123456789"
	alice := quell.Entity{Kind: quell.KindUser, ID: "AIDAALICE", Name: "alice", ARN: "arn:aws:iam::111122223333:user/alice", Account: account}
	actor := alice
	actor.Part = quell.PartActor
	create := quell.Event{ID: "ev-1", Time: noon, Source: "iam.amazonaws.com", Name: "CreateUser", Account: account, Region: "us-east-1",
		Actor: quell.Actor{Type: "IAMUser", Name: "alice"}, SourceIP: "203.0.113.9", Resources: []quell.Entity{{Kind: quell.KindUser, ID: "AIDAEVIL", Name: "evil"}}}
	list := create
	list.ID, list.Time, list.Name, list.Source, list.ErrorCode, list.Resources = "ev-2", noon.Add(time.Minute), "ListBuckets", "s3.amazonaws.com", "AccessDenied", nil
	found := quell.Finding{ID: "f-1", Rule: "iam-create-user", Title: "User created by a leaked key", Severity: quell.High, Time: noon, Account: account,
		Entities: []quell.Entity{actor, entity(quell.KindUser, "AIDAEVIL", quell.PartMade)}, Events: []string{"ev-1"}, Seen: []quell.Event{create}}
	told := quell.Finding{ID: "f-2", Rule: "UnauthorizedAccess:IAMUser/TorIPCaller", Title: "Call from Tor", Severity: quell.Medium, Source: "guardduty",
		Time: noon.Add(30 * time.Second), Account: account, Entities: []quell.Entity{actor}, Events: []string{"gd-1"}}
	in := Open(Cluster{Findings: []quell.Finding{found}}, noon.Add(10*time.Minute))
	in.ID = incident
	step := quell.PlanStep{ID: "deny", Action: "iam.quarantine-user", Phase: quell.Contain, Mode: quell.Approve, Target: alice}
	call := quell.Call{Op: "iam:PutUserPolicy", Kind: quell.Reversible, Input: json.RawMessage(`{"UserName":"alice"}`)}
	var out []quell.Record
	add := func(kind quell.RecordKind, by, step string, payload any) {
		r, err := quell.NewRecord(incident, kind, by, step, payload)
		if err != nil {
			t.Fatal(err)
		}
		r.Seq = int64(len(out))
		r.Time = noon.Add(10*time.Minute + time.Duration(r.Seq)*time.Minute)
		out = append(out, r)
	}
	add(quell.RecordOpened, "quell", "", in)
	add(quell.RecordFinding, "quell", "", found)
	add(quell.RecordFinding, "quell", "", told)
	add(quell.RecordScope, "quell", "", quell.Scope{Subject: alice, Account: account, Events: 2, Timeline: []quell.Event{create, list},
		Entities: []quell.Entity{entity(quell.KindBucket, "invoices", quell.PartRead)}, Blind: []string{"s3-data"}})
	add(quell.RecordBound, "quell", "", quell.Bound{Playbook: "leaked-key", Version: "1", Steps: []quell.PlanStep{step}})
	add(quell.RecordPlanned, "quell", "deny", quell.Planned{Calls: []quell.Call{call}, Digest: "sha256:aa"})
	add(quell.RecordChanged, "dana", "", quell.Change{What: ChangeStanding, From: "open", To: "confirmed"})
	add(quell.RecordChanged, "dana", "", Assign(quell.IncidentManager, "dana"))
	add(quell.RecordAttempt, "alice", "deny", quell.Attempt{Digest: "sha256:aa", As: quell.IncidentManager, Why: "the subject cannot approve"})
	add(quell.RecordDecision, "dana", "deny", quell.Decision{Step: "deny", Digest: "sha256:aa", Yes: true, Person: "dana", As: quell.IncidentManager, Calls: []quell.Call{call}})
	add(quell.RecordRun, "dana", "", quell.RunStarted{Apply: true, Credentials: "role quell-responder"})
	add(quell.RecordIntent, "quell", "deny", quell.Intent{Key: "k1", Op: call.Op, Input: call.Input, Try: 1})
	add(quell.RecordResult, "quell", "deny", quell.Result{Key: "k1", Code: "Throttling"})
	add(quell.RecordIntent, "quell", "deny", quell.Intent{Key: "k1", Op: call.Op, Input: call.Input, Try: 2})
	add(quell.RecordResult, "quell", "deny", quell.Result{Key: "k1", OK: true, RequestID: "req-1"})
	add(quell.RecordStep, "quell", "deny", quell.StepChange{Status: quell.StepDone})
	add(quell.RecordEvidence, "quell", "", quell.Evidence{Name: "trail.json", SHA256: "ab", Size: 3, Complete: true})
	add(quell.RecordProbe, "quell", "", quell.Probe{What: "trail", Live: true, Refusals: []quell.Event{list}})
	add(quell.RecordVerdict, "quell", "", quell.Verdict{Verdict: quell.Held, Proof: quell.Observed, Why: "the subject was refused"})
	add(quell.RecordNote, "dana", "", quell.Note{Text: "key was in a public\nrepository\x1b[31m"})
	add(quell.RecordIntent, "quell", "deny", quell.Intent{Key: "k2", Op: "iam:TagUser", Try: 1})
	add(quell.RecordClosed, "dana", "", quell.Closing{Reason: "done", Size: 21, Root: "r"})
	return out
}
