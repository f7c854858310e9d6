package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

func ocsfOf(t *testing.T, r hunt.Result) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	if err := writeHuntOCSF(&out, r); err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// ocsfRequired are the attributes that version 1.3.0 of the schema requires of an object, by where it stands, and with a bar
// between them those of which it wants at least one. Written down by hand from the schema's own files.
var ocsfRequired = map[string][]string{
	"":         {"activity_id", "category_uid", "class_uid", "cloud", "finding_info", "metadata", "severity_id", "time", "type_uid"},
	"metadata": {"product", "version"}, "metadata.product": {"vendor_name", "name|uid"}, "metadata.product.feature": {"name|uid"},
	"finding_info": {"title", "uid"}, "finding_info.analytic": {"type_id", "name|uid"}, "finding_info.attacks": {"tactic|technique|sub_technique"},
	"finding_info.attacks.tactic": {"name|uid"}, "finding_info.attacks.technique": {"name|uid"}, "finding_info.attacks.sub_technique": {"name|uid"},
	"cloud": {"provider"}, "cloud.account": {"name|uid"}, "resources": {"name|uid"}, "resources.owner": {"account|name|uid"}, "resources.owner.account": {"name|uid"},
	"evidences": {"actor|api|data|src_endpoint"}, "evidences.actor": {"user|invoked_by|session"}, "evidences.actor.user": {"account|name|uid"},
	"evidences.actor.user.account": {"name|uid"}, "evidences.actor.session": {}, "evidences.api": {"operation"}, "evidences.api.service": {"name|uid"},
	"evidences.api.response": {}, "evidences.src_endpoint": {"ip|svc_name"}, "observables": {"name", "type_id"},
}

// ocsfFree are objects that the schema leaves to the producer.
var ocsfFree = map[string]bool{"unmapped": true, "evidences.data": true, "resources.data": true}

// checkOCSF holds a record against the schema: required attributes, and nothing empty anywhere.
func checkOCSF(t *testing.T, at string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if !ocsfFree[at] {
			wants, known := ocsfRequired[at]
			if !known {
				t.Errorf("an object at %q that the test knows nothing of", at)
			}
			for _, want := range wants {
				found := false
				for name := range strings.SplitSeq(want, "|") {
					found = found || v[name] != nil
				}
				if !found {
					t.Errorf("%s lacks %s: %v", at, want, v)
				}
			}
		}
		for name, member := range v {
			checkOCSF(t, strings.TrimPrefix(at+"."+name, "."), member)
		}
	case []any:
		if len(v) == 0 {
			t.Errorf("%s is empty", at)
		}
		for _, item := range v {
			checkOCSF(t, at, item)
		}
	case string:
		if quell.Clean(v) != v || v == "" && at != "unmapped.events" {
			t.Errorf("%s is %q", at, v)
		}
	case nil:
		t.Errorf("%s is null", at)
	}
}

func TestOCSFKeepsToTheSchema(t *testing.T) {
	// A finding of which nothing is known is a record all the same.
	r := hostileResult()
	r.Findings = append(r.Findings, many(40)...)
	r.Findings = append(r.Findings, quell.Finding{ID: "f-bare", Rule: "rule", Title: "bare"}, example())
	for _, record := range ocsfOf(t, r) {
		if info, _ := record["finding_info"].(map[string]any); info["title"] == nil {
			continue // a title of nothing, and a rule of nothing: no rule is loaded without either
		}
		checkOCSF(t, "", record)
		for name, want := range map[string]float64{"class_uid": 2004, "category_uid": 2, "activity_id": 1, "type_uid": 200401, "status_id": 1} {
			if record[name] != want {
				t.Errorf("%s is %v, want %v", name, record[name], want)
			}
		}
		if record["confidence"] != nil || record["confidence_id"] != nil || record["osint"] != nil {
			t.Error("a confidence that nobody measured")
		}
	}
	if list := ocsfOf(t, hunt.Result{}); len(list) != 0 || list == nil {
		t.Errorf("no findings are %v", list)
	}
}

func example() quell.Finding {
	at := time.Date(2026, 3, 2, 3, 4, 5, 0, time.UTC)
	return quell.Finding{
		ID: "f-1", Rule: "3f0e8d0c", Title: "A key was made", Severity: quell.High, Techniques: []string{"T1098.001", "T1530", "T9999"}, Time: at,
		Account: "111122223333", Region: "eu-west-1", Events: []string{"e-1"}, Why: "It stays.", Source: "quell",
		Entities: []quell.Entity{
			{Kind: quell.KindUser, ID: "AIDA1", Name: "ci", ARN: "arn:aws-cn:iam::111122223333:user/ci", Account: "111122223333", Part: quell.PartActor},
			{Kind: quell.KindUser, ID: "AIDA1", Name: "ci", Part: quell.PartTarget},
			{Kind: quell.KindAccessKey, ID: "AKIA1", Of: "AIDA1", Account: "111122223333", Part: quell.PartMade},
			{Kind: quell.KindBucket, ID: "logs", Part: quell.PartRead}, {Kind: quell.KindIP, ID: "198.51.100.7", Part: quell.PartUsed},
		},
		Seen: []quell.Event{
			{ID: "e-1", Time: at, Source: "iam.amazonaws.com", Name: "CreateAccessKey", SourceIP: "198.51.100.7", UserAgent: "aws-cli", ErrorCode: "AccessDenied",
				Actor: quell.Actor{Type: "IAMUser", Principal: "AIDA1", Name: "ci", AccessKey: "AKIA0", Account: "111122223333", MFA: true}},
			{ID: "e-2", Time: at.Add(time.Minute), SourceIP: "cloudformation.amazonaws.com", Actor: quell.Actor{InvokedBy: "cloudformation.amazonaws.com"}},
		},
	}
}

// TestOCSFExample reads values where the schema wants them.
func TestOCSFExample(t *testing.T) {
	record := ocsfOf(t, hunt.Result{Findings: []quell.Finding{example()}})[0]
	at := func(path string) string {
		var v any = record
		for name := range strings.SplitSeq(path, ".") {
			var n int
			if list, ok := v.([]any); ok {
				if _, err := fmt.Sscan(name, &n); err != nil || n >= len(list) {
					return ""
				}
				v = list[n]
				continue
			}
			m, _ := v.(map[string]any)
			v = m[name]
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	start := at("start_time")
	for path, want := range map[string]string{
		"severity_id": "4", "severity": `"High"`, "message": `"A key was made"`, "time": start, "end_time": "1772420705000",
		"metadata.version": `"1.3.0"`, "metadata.profiles": `["cloud"]`, "cloud.account.uid": `"111122223333"`,
		"finding_info.attacks.0":                `{"sub_technique":{"name":"Additional Cloud Credentials","uid":"T1098.001"},"tactic":{"name":"Persistence","uid":"TA0003"},"technique":{"name":"Account Manipulation","uid":"T1098"},"version":"17.0"}`,
		"finding_info.attacks.1.tactic.uid":     `"TA0004"`,
		"finding_info.attacks.2":                `{"tactic":{"name":"Collection","uid":"TA0009"},"technique":{"name":"Data from Cloud Storage","uid":"T1530"},"version":"17.0"}`,
		"finding_info.attacks.3":                `{"technique":{"uid":"T9999"},"version":"17.0"}`,
		"resources.0":                           `{"cloud_partition":"aws-cn","data":{"arn":"arn:aws-cn:iam::111122223333:user/ci"},"labels":["part:actor","part:target"],"name":"ci","owner":{"account":{"type":"AWS Account","type_id":10,"uid":"111122223333"}},"type":"AWS::IAM::User","uid":"AIDA1"}`,
		"resources.1.owner.uid":                 `"AIDA1"`,
		"resources.2.type":                      `"AWS::S3::Bucket"`,
		"resources.3":                           "null",
		"evidences.0.api":                       `{"operation":"CreateAccessKey","response":{"error":"AccessDenied"},"service":{"name":"iam.amazonaws.com"}}`,
		"evidences.0.src_endpoint.ip":           `"198.51.100.7"`,
		"evidences.0.actor.user.credential_uid": `"AKIA0"`,
		"evidences.0.actor.session.is_mfa":      "true",
		"evidences.1.src_endpoint":              `{"svc_name":"cloudformation.amazonaws.com"}`,
		"evidences.1.actor":                     `{"invoked_by":"cloudformation.amazonaws.com"}`,
		"observables.0":                         `{"name":"evidences[].src_endpoint.ip","type":"IP Address","type_id":2,"value":"198.51.100.7"}`,
		"unmapped.events.0":                     `"e-1"`,
	} {
		if got := at(path); got != want && !(path == "resources.3" && got == "") {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// TestOCSFComesBack reads what was written as a finding of another product: a response can start from it.
func TestOCSFComesBack(t *testing.T) {
	var out bytes.Buffer
	if err := writeHuntOCSF(&out, hunt.Result{Findings: []quell.Finding{example()}}); err != nil {
		t.Fatal(err)
	}
	subject, err := source.ReadSubject("ocsf.json", out.Bytes())
	if err != nil || len(subject.Findings) != 1 {
		t.Fatalf("%d findings: %v", len(subject.Findings), err)
	}
	f := subject.Findings[0]
	if f.ID != "f-1" || f.Severity != quell.High || f.Title != "A key was made" || f.Account != "111122223333" || f.Techniques[0] != "T1098.001" {
		t.Errorf("%+v", f)
	}
	kinds := map[quell.EntityKind]bool{}
	for _, e := range f.Entities {
		kinds[e.Kind] = true
	}
	for _, kind := range []quell.EntityKind{quell.KindUser, quell.KindAccessKey, quell.KindBucket, quell.KindIP} {
		if !kinds[kind] {
			t.Errorf("no %s came back: %+v", kind, f.Entities)
		}
	}
}
