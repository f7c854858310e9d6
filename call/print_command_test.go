package call

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

// shell runs lines as a person would, with an `aws` in the path that notes its arguments, NUL-ended and led by their
// number, and prints what answer prints.
type shell struct{ dir string }

func newShell(t *testing.T, answer string, needs ...string) shell {
	t.Helper()
	for _, program := range append(needs, "sh") {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not here: %v", program, err)
		}
	}
	s := shell{t.TempDir()}
	script := "#!/bin/sh\nprintf '%s\\0' \"$#\" \"$@\" >>\"$ARGV_LOG\"\n" + answer + "\n"
	if err := os.WriteFile(filepath.Join(s.dir, "aws"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// run returns the arguments of each `aws` that ran, and what went to standard error.
func (s shell) run(t fataler, lines ...string) (ran [][]string, stderr string) {
	t.Helper()
	log := filepath.Join(s.dir, "argv")
	_ = os.Remove(log)
	cmd := exec.Command("sh", "-c", strings.Join(lines, "\n"))
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PATH="+s.dir+":"+os.Getenv("PATH"), "ARGV_LOG="+log)
	var out bytes.Buffer
	cmd.Stderr = &out
	_ = cmd.Run() // what ran is what counts; a put refused for want of a document fails
	noted, err := os.ReadFile(log)
	if err != nil {
		t.Fatalf("no aws ran: %v, %s", err, out.String())
	}
	words := strings.Split(strings.TrimSuffix(string(noted), "\x00"), "\x00")
	for len(words) > 0 {
		n, err := strconv.Atoi(words[0])
		if err != nil || n >= len(words) {
			t.Fatalf("arguments noted: %q", words)
		}
		ran = append(ran, words[1:1+n])
		words = words[1+n:]
	}
	return ran, out.String()
}

func TestCommands(t *testing.T) {
	c := Catalogue{"iam:UpdateAccessKey": {Op: "iam:UpdateAccessKey", Global: true}}
	for _, test := range []struct {
		name string
		call quell.Call
		want string
	}{
		{"global: no region", quell.Call{Op: "iam:UpdateAccessKey", Region: "eu-west-1", Input: json.RawMessage(`{"UserName":"alice","Status":"Inactive","AccessKeyId":"AKIA1"}`)},
			"aws iam update-access-key --access-key-id AKIA1 --status Inactive --user-name alice"},
		{"region and s3api", quell.Call{Op: "s3:DeleteBucketPolicy", Region: "eu-west-1", Input: json.RawMessage(`{"Bucket":"b"}`)},
			"aws s3api delete-bucket-policy --bucket b --region eu-west-1"},
		{"acronyms", quell.Call{Op: "iam:UpdateSSHPublicKey", Input: json.RawMessage(`{"SSHPublicKeyId":"A"}`)},
			"aws iam update-ssh-public-key --ssh-public-key-id A"},
		{"MFA", quell.Call{Op: "iam:DeactivateMFADevice", Input: json.RawMessage(`{}`)}, "aws iam deactivate-mfa-device"},
		{"booleans and numbers", quell.Call{Op: "a:PutThing", Input: json.RawMessage(`{"Yes":true,"No":false,"MaxItems":1000000}`)},
			"aws a put-thing --max-items 1000000 --no-no --yes"},
		{"lists of words", quell.Call{Op: "iam:UntagUser", Input: json.RawMessage(`{"TagKeys":["quell:incident","a b"]}`)},
			"aws iam untag-user --tag-keys quell:incident 'a b'"},
		{"structures", quell.Call{Op: "iam:TagUser", Input: json.RawMessage(`{"UserName":"a","Tags":[{"Key":"k","Value":"é"}]}`)},
			`aws iam tag-user --user-name a --cli-input-json '{"Tags":[{"Key":"k","Value":"\u00e9"}]}'`},
		{"the token is left to aws", quell.Call{Op: "a:B", Input: json.RawMessage(`{"ClientToken":"${token}"}`)}, "aws a b"},
		{"a flag's look-alike", quell.Call{Op: "a:B", Input: json.RawMessage(`{"UserName":"--profile=evil"}`)},
			`aws a b --cli-input-json '{"UserName":"--profile=evil"}'`},
		{"a file's", quell.Call{Op: "a:B", Input: json.RawMessage(`{"Keys":["file:///etc/passwd"]}`)},
			`aws a b --cli-input-json '{"Keys":["file:///etc/passwd"]}'`},
		{"lines and pictures", quell.Call{Op: "a:B", Input: json.RawMessage(`{"A":"a\nb","B":"😀\u202e"}`)},
			`aws a b --cli-input-json '{"A":"a\nb","B":"\ud83d\ude00\u202e"}'`},
		{"quotes", quell.Call{Op: "a:B", Input: json.RawMessage("{\"A\":\"o'b\\\"$(id)`id`\"}")}, "aws a b --a 'o'\\''b\"$(id)`id`'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff([]string{test.want}, c.Commands(test.call)); diff != "" {
				t.Error(diff)
			}
		})
	}
	k := quell.Call{Op: "a:A"}.UndoneBy(quell.Call{Op: "a:Detach", Input: json.RawMessage(`{"A":"1"}`)}).
		ThenUndoneBy(quell.Call{Op: "a:Delete", Input: json.RawMessage(`{"A":"1"}`)})
	if diff := cmp.Diff([]string{"aws a detach --a 1", "aws a delete --a 1"}, c.UndoCommands(k)); diff != "" {
		t.Error(diff)
	}
	if got := c.UndoCommands(quell.Call{Op: "a:A"}); got != nil {
		t.Errorf("what cannot be undone is undone by %q", got)
	}
}

// argumentsOf turns an `aws` call's arguments back into the fields they stand for.
func argumentsOf(t fataler, argv, fields []string) map[string]string {
	t.Helper()
	byFlag := map[string]string{}
	for _, f := range fields {
		byFlag["--"+kebab(f)] = f
	}
	out := map[string]string{}
	for i := 2; i+1 < len(argv); i += 2 {
		if argv[i] == "--cli-input-json" {
			var rest map[string]string
			if err := json.Unmarshal([]byte(argv[i+1]), &rest); err != nil {
				t.Fatalf("%q: %v", argv[i+1], err)
			}
			maps.Copy(out, rest)
			continue
		}
		field, ok := byFlag[argv[i]]
		if !ok {
			t.Fatalf("unknown flag in %q", argv)
		}
		out[field] = argv[i+1]
	}
	return out
}

// TestCommandsThroughAShell runs lines with hostile values through a real shell: each value reaches `aws` as it is, and
// nothing else runs.
func TestCommandsThroughAShell(t *testing.T) {
	sh := newShell(t, "")
	hostile := []string{
		"alice", "o'brien", `a"b`, "$(touch pwned)", "`touch pwned`", "; touch pwned", "a && touch pwned", "| touch pwned", "$HOME", "${IFS}",
		"\\", "\\'", "'\\''", "a\nb", "a\r\nb", "\ttab", " lead", "trail ", "-flag", "--", "*", "~", "!", "#", "a=b", "", "日本", "\u202eabc", "\x00nul",
		"\x1b[2J", "file:///etc/passwd", "fileb://x", "https://x", "'; touch pwned; '", "\"; touch pwned; \"", "%s%n", "{\"a\":1}", "[1]",
	}
	check := func(t fataler, values []string) {
		var lines []string
		for _, v := range values {
			input, err := json.Marshal(map[string]string{"UserName": v, "PolicyName": "p", "PolicyDocument": v + v})
			if err != nil {
				t.Fatal(err)
			}
			line := Catalogue{}.Commands(quell.Call{Op: "iam:PutUserPolicy", Input: input})[0]
			if quell.Clean(line) != line {
				t.Fatalf("not fit for a terminal: %q", line)
			}
			lines = append(lines, line)
		}
		ran, stderr := sh.run(t, lines...)
		if len(ran) != len(values) || stderr != "" {
			t.Fatalf("%d commands ran for %d: %s", len(ran), len(values), stderr)
		}
		for i, v := range values {
			want := map[string]string{"UserName": v, "PolicyName": "p", "PolicyDocument": v + v}
			if diff := cmp.Diff(want, argumentsOf(t, ran[i], []string{"UserName", "PolicyName", "PolicyDocument"})); diff != "" {
				t.Fatalf("%q: %s", v, diff)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(sh.dir, "*pwned*")); len(left) > 0 {
			t.Fatal("a value ran as a command")
		}
	}
	check(t, hostile)
	rapid.Check(t, func(rt *rapid.T) {
		check(rt, rapid.SliceOfN(rapid.OneOf(rapid.String(),
			rapid.StringOf(rapid.SampledFrom([]rune("'\"$`\\ \n;&|(){}<>*?~!-a")))), 1, 20).Draw(rt, "values"))
	})
}

func TestFillInsBecomeExpressions(t *testing.T) {
	sh := newShell(t, `echo 'Pa"ss$word'`)
	ran, stderr := sh.run(t, Catalogue{}.Commands(quell.Call{
		Op: "a:B", Input: json.RawMessage(`{"Doc":"{\"before '${now}' and ${now}\"}","Password":"${secret}"}`),
	})...)
	if len(ran) != 2 || stderr != "" {
		t.Fatalf("ran %q, %s", ran, stderr)
	}
	last := ran[1]
	if want := regexp.MustCompile(`^\{"before '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ' and \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}$`); !want.MatchString(last[3]) {
		t.Errorf("document %q", last[3])
	}
	if last[5] != `Pa"ss$word` {
		t.Errorf("password %q", last[5])
	}
}

// policies is how S3 edits bucket policies, without its SDK types.
func policies() Catalogue {
	read, remove := &Definition{Op: "s3:GetBucketPolicy"}, &Definition{Op: "s3:DeleteBucketPolicy"}
	return Catalogue{"s3:PutBucketPolicy": {Op: "s3:PutBucketPolicy", edit: &Document{
		Read: read, Delete: remove, Field: "Policy", OutField: "Policy", List: "Statement", Name: "Sid",
		Absent: []string{"NoSuchBucketPolicy"}, Empty: `{"Version":"2012-10-17","Statement":[]}`,
	}}}
}

// TestMergeCommand runs the printed merge for real. Where the read did not say for sure that there is no policy, the
// put must get an empty document, which S3 refuses.
func TestMergeCommand(t *testing.T) {
	const deny = `{"Sid":"Quell","Effect":"Deny","Action":"s3:*","When":"it's $(id) ,x"}`
	add := &quell.Edit{Add: []json.RawMessage{json.RawMessage(deny)}, Remove: []string{"Public, all"}}
	theirs := `{"Sid":"Theirs","Effect":"Allow","Note":"it's \"$(id)\" (NoSuchBucketPolicy)"}`
	for _, test := range []struct {
		name, answer string
		edit         *quell.Edit
		want         string
		says         string
	}{
		{"absent", "\nAn error occurred (NoSuchBucketPolicy) when calling the GetBucketPolicy operation: The bucket policy does not exist", add,
			`{"Version":"2012-10-17","Statement":[` + deny + `]}`, ""},
		{"existing", `{"Version":"2008-10-17","Id":"x","Statement":[` + theirs + `,{"Sid":"Public, all"},{"Sid":"Quell","Old":1},{"Effect":"Deny"}]}`, add,
			`{"Version":"2008-10-17","Id":"x","Statement":[` + theirs + `,{"Effect":"Deny"},` + deny + `]}`, ""},
		{"one statement outside a list", `{"Statement":` + theirs + `}`, add, `{"Statement":[` + theirs + `,` + deny + `]}`, ""},
		{"a policy that names the code", `{"Statement":[{"Sid":"(NoSuchBucketPolicy)"}]}`, add,
			`{"Statement":[{"Sid":"(NoSuchBucketPolicy)"},` + deny + `]}`, ""},
		{"refused", "An error occurred (AccessDenied) when calling the GetBucketPolicy operation: Access Denied", add, "", ""},
		{"refused, by a session called like the code",
			"An error occurred (AccessDenied) when calling the GetBucketPolicy operation: User: arn:aws:sts::1:assumed-role/r/NoSuchBucketPolicy is not authorized",
			add, "", ""},
		{"no answer", "Could not connect to the endpoint URL", add, "", ""},
		{"no output", "", add, "", ""},
		{"aws prints None", "None", add, "", ""},
		{"statements that are no objects", `{"Statement":["x"]}`, add, "", ""},
		{"taken back", `{"Statement":[` + theirs + `,` + deny + `]}`, &quell.Edit{Remove: []string{"Quell"}}, `{"Statement":[` + theirs + `]}`, ""},
		{"taken back, nothing left", `{"Statement":[` + deny + `]}`, &quell.Edit{Remove: []string{"Quell"}}, "",
			"delete it instead: aws s3api delete-bucket-policy --bucket b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sh := newShell(t, `case "$2" in get-bucket-policy) printf '%s\n' `+shellQuote(test.answer)+`;; esac`, "python3")
			line := policies().Commands(quell.Call{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"b"}`), Edit: test.edit})[0]
			ran, stderr := sh.run(t, line)
			if len(ran) != 2 {
				t.Fatalf("ran %q", ran)
			}
			if diff := cmp.Diff([]string{"s3api", "get-bucket-policy", "--bucket", "b", "--query", "Policy", "--output", "text"}, ran[0]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"s3api", "put-bucket-policy", "--bucket", "b", "--policy"}, ran[1][:5]); diff != "" {
				t.Fatal(diff)
			}
			got := ran[1][5]
			if test.want == "" && got != "" || test.want != "" && canonical(json.RawMessage(got)) != canonical(json.RawMessage(test.want)) {
				t.Errorf("put %s\nwant %s\n%s", got, test.want, stderr)
			}
			if !strings.Contains(stderr, test.says) {
				t.Errorf("said %q, want %q", stderr, test.says)
			}
		})
	}
}
