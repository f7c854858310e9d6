package call

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

var instant = time.Date(2026, 3, 2, 10, 30, 15, 999, time.FixedZone("CET", 3600))

func TestFill(t *testing.T) {
	edit := &quell.Edit{Add: []json.RawMessage{json.RawMessage(`{"Sid":"a","When":"${now}"}`)}, Remove: []string{"${now}"}}
	c := quell.Call{Op: "a:B", Edit: edit, Input: json.RawMessage(`{"At":"${now}","Doc":"{\"t\":\"${now}\"}","Token":"${token}","Password":"${secret}"}`)}
	asked := 0
	send, record, err := Fill(c, instant, "tok", func() (string, error) { asked++; return `p"w\<`, nil })
	if err != nil || asked != 1 {
		t.Fatalf("asked %d times, %v", asked, err)
	}
	var fields map[string]string
	if err := json.Unmarshal(send.Input, &fields); err != nil {
		t.Fatalf("%s: %v", send.Input, err)
	}
	want := map[string]string{"At": "2026-03-02T09:30:15Z", "Doc": `{"t":"2026-03-02T09:30:15Z"}`, "Token": "tok", "Password": `p"w\<`}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(string(record.Input), `"Password":"${secret}"`) || strings.Contains(string(record.Input), "${now}") {
		t.Errorf("recorded: %s", record.Input)
	}
	if got := string(record.Edit.Add[0]); got != `{"Sid":"a","When":"2026-03-02T09:30:15Z"}` {
		t.Errorf("edit: %s", got)
	}
	if string(c.Input[:8]) != `{"At":"$` || string(edit.Add[0]) != `{"Sid":"a","When":"${now}"}` {
		t.Error("the call given was changed")
	}
	none := func() (string, error) { t.Error("a secret was made that nobody wants"); return "", nil }
	if _, _, err := Fill(quell.Call{Input: json.RawMessage(`{}`)}, instant, "", none); err != nil {
		t.Error(err)
	}
	broken := errors.New("no entropy")
	if _, _, err := Fill(c, instant, "", func() (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// TestFillNeverRecordsTheSecret whatever the secret looks like, and sends exactly it.
func TestFillNeverRecordsTheSecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := "S-" + rapid.String().Draw(t, "secret") + rapid.SampledFrom([]string{"", `"`, `\`, `\"`, "${now}", "${secret}"}).Draw(t, "end")
		c := quell.Call{Input: json.RawMessage(`{"A":{"Password":"${secret}"},"Token":"${token}"}`)}
		send, record, err := Fill(c, instant, "tok", func() (string, error) { return secret, nil })
		if err != nil {
			t.Fatal(err)
		}
		var sent struct{ A struct{ Password string } }
		if err := json.Unmarshal(send.Input, &sent); err != nil || sent.A.Password != secret {
			t.Errorf("sent %q, want %q: %v", sent.A.Password, secret, err)
		}
		if string(record.Input) != `{"A":{"Password":"${secret}"},"Token":"tok"}` {
			t.Errorf("recorded %s", record.Input)
		}
	})
}

func TestPick(t *testing.T) {
	doc := json.RawMessage(`{"User":{"UserId":"AIDA","Secret":"s"},"List":[1,2]}`)
	for _, test := range []struct {
		pointers []string
		want     string
	}{
		{nil, ""}, {[]string{"/User/UserId"}, `{"/User/UserId":"AIDA"}`}, {[]string{"/List/1", "/nope"}, `{"/List/1":2}`}, {[]string{"/nope"}, `{}`},
	} {
		got, err := pick(doc, test.pointers)
		if err != nil || string(got) != test.want {
			t.Errorf("pick %v = %s, %v", test.pointers, got, err)
		}
	}
	if _, err := pick(json.RawMessage(`{`), []string{"/a"}); err == nil {
		t.Error("broken output was picked from")
	}
	if got, err := pick(nil, []string{"/a"}); got != nil || err != nil {
		t.Errorf("no output gave %s, %v", got, err)
	}
}

func TestCatalogueAdd(t *testing.T) {
	read, remove := &Definition{Op: "s3:GetBucketPolicy"}, &Definition{Op: "s3:DeleteBucketPolicy"}
	put := &Definition{Op: "s3:PutBucketPolicy", edit: &Document{Read: read, Delete: remove}}
	c := Catalogue{}
	if err := c.Add(put, put); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"}, sortedKeys(c)); diff != "" {
		t.Errorf("an edit brings what it reads and deletes with: %s", diff)
	}
	if err := c.Add(&Definition{Op: "s3:PutBucketPolicy"}); err == nil {
		t.Error("two definitions of one operation went in")
	}
	if err := (Catalogue{"s3:GetBucketPolicy": {}}).Add(put); err == nil {
		t.Error("a second definition of what an edit reads went in")
	}
}

func TestPermissions(t *testing.T) {
	c := Catalogue{"a:A": {Op: "a:A", Actions: []string{"a:A", "a:Pass"}}, "a:B": {Op: "a:B", Actions: []string{"b:Other"}}}
	k := quell.Call{Op: "a:A"}.UndoneBy(quell.Call{Op: "a:Undo"}).ThenUndoneBy(quell.Call{Op: "a:Then"}).
		Or(quell.Call{Op: "a:B"}.UndoneBy(quell.Call{Op: "a:ElseUndo"}), "X")
	want := []string{"a:A", "a:ElseUndo", "a:Pass", "a:Then", "a:Undo", "b:Other"}
	if diff := cmp.Diff(want, c.Permissions([]quell.Call{k, k, {Op: "outside aws"}})); diff != "" {
		t.Error(diff)
	}
}

// TestSessionPolicy says what a responder's session may do, and to what.
func TestSessionPolicy(t *testing.T) {
	const account = "123456789012"
	define := func(ops ...string) Catalogue {
		c := Catalogue{}
		for _, op := range ops {
			c[op] = &Definition{Op: op, Actions: []string{op}}
		}
		return c
	}
	c := define("iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:RemoveUserFromGroup", "iam:TagRole", "s3:PutBucketPolicy",
		"s3:PutObjectLegalHold", "secretsmanager:RotateSecret", "iam:DeleteVirtualMFADevice")
	secret := "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:db-AbCdEf"
	for _, test := range []struct {
		name, op, input string
		want            []string
	}{
		{"user, whatever its path", "iam:PutUserPolicy", `{"UserName":"alice"}`, []string{"arn:*:iam::123456789012:user/alice", "arn:*:iam::123456789012:user/*/alice"}},
		{"a group's members belong to the group", "iam:RemoveUserFromGroup", `{"GroupName":"ops","UserName":"alice"}`,
			[]string{"arn:*:iam::123456789012:group/ops", "arn:*:iam::123456789012:group/*/ops"}},
		{"role", "iam:TagRole", `{"RoleName":"r"}`, []string{"arn:*:iam::123456789012:role/r", "arn:*:iam::123456789012:role/*/r"}},
		{"bucket", "s3:PutBucketPolicy", `{"Bucket":"b"}`, []string{"arn:*:s3:::b"}},
		{"object", "s3:PutObjectLegalHold", `{"Bucket":"b","Key":"k/1"}`, []string{"arn:*:s3:::b/k/1"}},
		{"secret", "secretsmanager:RotateSecret", `{"SecretId":"` + secret + `"}`, []string{secret}},
		{"no resource that Quell can spell", "iam:DeleteVirtualMFADevice", `{"SerialNumber":"x"}`, []string{"*"}},
		{"a secret by name", "secretsmanager:RotateSecret", `{"SecretId":"db"}`, []string{"*"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := c.SessionPolicy(account, []quell.Call{{Op: test.op, Input: json.RawMessage(test.input)}})
			if err != nil {
				t.Fatal(err)
			}
			var doc struct {
				Version   string
				Statement []struct {
					Effect           string
					Action, Resource []string
				}
			}
			if err := json.Unmarshal([]byte(text), &doc); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if doc.Version != "2012-10-17" || len(doc.Statement) != 1 || doc.Statement[0].Effect != "Allow" {
				t.Fatalf("policy %s", text)
			}
			if diff := cmp.Diff(test.want, doc.Statement[0].Resource); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(doc.Statement[0].Action, []string{test.op}) {
				t.Errorf("actions %v", doc.Statement[0].Action)
			}
		})
	}
	alternatives := quell.Call{Op: "iam:PutUserPolicy", Input: json.RawMessage(`{"UserName":"a"}`)}.
		Or(quell.Call{Op: "iam:AttachUserPolicy", Input: json.RawMessage(`{"UserName":"a"}`)}, "LimitExceeded")
	text, err := c.SessionPolicy(account, []quell.Call{alternatives, alternatives})
	if err != nil || !strings.Contains(text, `["iam:AttachUserPolicy","iam:PutUserPolicy"]`) {
		t.Errorf("one statement for one resource, alternatives in it: %s, %v", text, err)
	}
	for _, hostile := range []string{"*", "a*", "a?", "${aws:username}"} {
		input, _ := json.Marshal(map[string]string{"UserName": hostile})
		if text, err := c.SessionPolicy(account, []quell.Call{{Op: "iam:PutUserPolicy", Input: input}}); err == nil {
			t.Errorf("the name %s widened the session: %s", hostile, text)
		}
	}
}

func TestSessionPolicyFitsOrFails(t *testing.T) {
	c := Catalogue{"iam:PutUserPolicy": {Op: "iam:PutUserPolicy", Actions: []string{"iam:PutUserPolicy"}}}
	rapid.Check(t, func(t *rapid.T) {
		var calls []quell.Call
		for _, name := range rapid.SliceOfN(rapid.StringMatching(`[a-z+=,.@-]{1,60}`), 1, 20).Draw(t, "names") {
			calls = append(calls, quell.Call{Op: "iam:PutUserPolicy", Input: json.RawMessage(`{"UserName":"` + name + `"}`)})
		}
		text, err := c.SessionPolicy("123456789012", calls)
		switch {
		case err == nil && (len(text) > 2048 || !json.Valid([]byte(text))):
			t.Errorf("%d characters: %s", len(text), text)
		case err != nil && (text != "" || !strings.Contains(err.Error(), "2048")):
			t.Errorf("%q, %v", text, err)
		}
	})
}

func TestSummary(t *testing.T) {
	for _, test := range []struct {
		call quell.Call
		want string
	}{
		{quell.Call{Op: "iam:PutUserPolicy", Input: json.RawMessage(`{"UserName":"a\u001b[2J","PolicyDocument":"{\"x\":1}"}`)}, "+ iam:PutUserPolicy UserName=a␛[2J"},
		{quell.Call{Op: "iam:DeleteUser", Input: json.RawMessage(`{"UserName":"a"}`)}, "- iam:DeleteUser UserName=a"},
		{quell.Call{Op: "iam:UpdateAccessKey", Input: json.RawMessage(`{"Status":"Inactive","N":1}`)}, "~ iam:UpdateAccessKey Status=Inactive"},
		{quell.Call{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"b"}`), Edit: &quell.Edit{Remove: []string{"x"}}},
			"+ s3:PutBucketPolicy Bucket=b (merge: 0 added, 1 removed)"},
	} {
		if got := Summary(test.call); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
