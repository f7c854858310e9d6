package call_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
)

// at is a configuration whose every call goes to one server, once.
func at(server *httptest.Server) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "example"}, nil
		}),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func serve(t *testing.T, answer http.HandlerFunc) aws.Config {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return at(server)
}

// TestCodeOfAnswers: a page that is not the service's own is never a refusal.
func TestCodeOfAnswers(t *testing.T) {
	clients := map[string]func(cfg aws.Config) error{
		"query": func(cfg aws.Config) error {
			_, err := iam.NewFromConfig(cfg).UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE"), Status: "Inactive"})
			return err
		},
		"rest": func(cfg aws.Config) error {
			_, err := s3.NewFromConfig(cfg).DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String("b")})
			return err
		},
		"json": func(cfg aws.Config) error {
			_, err := secretsmanager.NewFromConfig(cfg).RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: aws.String("s")})
			return err
		},
	}
	const page = "<!DOCTYPE HTML PUBLIC>\n<title>Access Denied</title>\n<p>not found & <br>"
	for _, test := range []struct {
		name   string
		status int
		body   map[string]string // by protocol; "" for all
		want   string
	}{
		// The S3 client makes a code of the status where the answer holds none; none of these is a refusal.
		{"page 404", 404, map[string]string{"": page}, call.CodeNotAvailable + " rest:NotFound"},
		{"page 403", 403, map[string]string{"": page}, call.CodeNotAvailable + " rest:Forbidden"},
		{"well-formed page", 403, map[string]string{"": "<html><body>AccessDenied</body></html>"}, call.CodeNotAvailable + " rest:Forbidden"},
		{"page 500", 500, map[string]string{"": page}, call.CodeNotAvailable + " rest:InternalServerError"},
		{"page 501", 501, map[string]string{"": page}, call.CodeNotAvailable + " rest:NotImplemented"},
		{"gateway 502", 502, map[string]string{"": page}, call.CodeNoAnswer},
		{"gateway 503", 503, map[string]string{"": "<html><body>busy</body></html>"}, call.CodeNoAnswer + " rest:ServiceUnavailable"},
		{"gateway 504", 504, map[string]string{"": page}, call.CodeNoAnswer},
		{"refused", 403, map[string]string{
			"query": `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
			"rest":  `<Error><Code>AccessDenied</Code><Message>no</Message><RequestId>r-1</RequestId></Error>`,
			"json":  `{"__type":"AccessDenied","message":"no"}`,
		}, "AccessDenied"},
		{"code with a namespace", 400, map[string]string{
			"query": `<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>`, "rest": `<Error><Code>Throttling</Code></Error>`,
			"json": `{"__type":"com.amazonaws#Throttling:http://x"}`,
		}, "Throttling"},
	} {
		for protocol, send := range clients {
			t.Run(test.name+" "+protocol, func(t *testing.T) {
				body, ok := test.body[protocol]
				if !ok {
					body = test.body[""]
				}
				err := send(serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(test.status)
					_, _ = io.WriteString(w, body)
				}))
				want, other, _ := strings.Cut(test.want, " rest:")
				if protocol == "rest" && other != "" {
					want = other
				}
				if got := call.Code(err); got != want || call.Denied(got) != (want == "AccessDenied") {
					t.Errorf("code %q, want %q: %v", got, want, err)
				}
			})
		}
	}
	t.Run("connection lost after the request", func(t *testing.T) {
		err := clients["query"](serve(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		}))
		if got := call.Code(err); got != call.CodeNoAnswer {
			t.Errorf("code %q: %v", got, err)
		}
	})
	t.Run("success that cannot be read", func(t *testing.T) {
		err := clients["json"](serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) }))
		if got := call.Code(err); got != call.CodeNoAnswer {
			t.Errorf("code %q: %v", got, err)
		}
	})
}

func TestCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{&smithy.GenericAPIError{Code: "LimitExceeded"}, "LimitExceeded"},
		{fmt.Errorf("send: %w", &smithy.OperationError{Err: &smithy.GenericAPIError{Code: "NoSuchEntity"}}), "NoSuchEntity"},
		{&smithy.GenericAPIError{Code: "UnknownError"}, call.CodeNotAvailable},
		{context.DeadlineExceeded, call.CodeNoAnswer}, {context.Canceled, call.CodeNoAnswer}, {io.ErrUnexpectedEOF, call.CodeNoAnswer},
		{smithy.InvalidParamsError{Context: "x"}, call.CodeInput},
		{errors.New("anything"), call.CodeNoAnswer},
	} {
		if got := call.Code(test.err); got != test.want {
			t.Errorf("Code(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}

// TestClassesOfCodes: no code is in two classes, for each leads elsewhere.
func TestClassesOfCodes(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDenied": "denied", "AccessDeniedException": "denied", "UnauthorizedOperation": "denied",
		"ExpiredToken": "expired", "InvalidClientTokenId": "expired", "SignatureDoesNotMatch": "expired",
		"Throttling": "throttled", "SlowDown": "throttled", "ConcurrentModification": "throttled",
		"NoSuchEntity": "", "": "", call.CodeNotAvailable: "", call.CodeNoAnswer: "", call.CodeInput: "",
	} {
		got := map[string]bool{"denied": call.Denied(code), "expired": call.Expired(code), "throttled": call.Throttled(code)}
		for class, in := range got {
			if in != (class == want) {
				t.Errorf("%q is %s: %v", code, class, in)
			}
		}
	}
}

// TestOnlyRefusesBeforeAnythingLeaves sends a declared and an undeclared operation through the same gate.
func TestOnlyRefusesBeforeAnythingLeaves(t *testing.T) {
	asked := 0
	open := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = io.WriteString(w, `<ListUsersResponse><ListUsersResult><Users/></ListUsersResult></ListUsersResponse>`)
	})
	gate := call.Only(open, "iam:ListUsers")
	if _, err := iam.NewFromConfig(gate).ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil || asked != 1 {
		t.Fatalf("a declared operation: %v, asked %d times", err, asked)
	}
	_, err := iam.NewFromConfig(gate).DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: aws.String("a")})
	if err == nil || asked != 1 || !strings.Contains(err.Error(), "iam:DeleteUser is not among") || call.Code(err) != call.CodeInput {
		t.Errorf("an undeclared operation: %v, asked %d times", err, asked)
	}
	if _, err := iam.NewFromConfig(call.Only(gate, "iam:DeleteUser")).DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: aws.String("a")}); err == nil {
		t.Error("a second gate opened the first")
	}
	if _, err := iam.NewFromConfig(call.Only(open)).ListUsers(t.Context(), &iam.ListUsersInput{}); err == nil {
		t.Error("a gate without operations let one through")
	}
	if len(open.APIOptions) != 0 {
		t.Error("the configuration given was changed")
	}
}

func TestServicePrefix(t *testing.T) {
	for id, want := range map[string]string{"IAM": "iam", "S3": "s3", "Secrets Manager": "secretsmanager", "CloudTrail": "cloudtrail", "EC2": "ec2"} {
		if got := call.ServicePrefix(id); got != want {
			t.Errorf("%s: %s", id, got)
		}
	}
}

// bucket is an S3 that holds one policy; meddle changes it behind a write's back.
type bucket struct {
	policy string
	deny   map[string]int // by method: which time it is refused, 1 the first
	meddle func(string) string
	asked  map[string]int
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.asked[r.Method]++
	if b.deny[r.Method] == b.asked[r.Method] {
		w.WriteHeader(403)
		_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code></Error>`)
		return
	}
	switch r.Method {
	case http.MethodGet:
		if b.policy == "" {
			w.WriteHeader(404)
			_, _ = io.WriteString(w, `<Error><Code>NoSuchBucketPolicy</Code></Error>`)
			return
		}
		_, _ = io.WriteString(w, b.policy)
	case http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		b.policy = string(body)
		if b.meddle != nil {
			b.policy = b.meddle(b.policy)
		}
	case http.MethodDelete:
		b.policy = ""
		w.WriteHeader(204)
	}
}

// TestEditOverTheWire sends edits to an S3 on loopback.
func TestEditOverTheWire(t *testing.T) {
	get := call.Define("s3:GetBucketPolicy", s3.NewFromConfig, (*s3.Client).GetBucketPolicy)
	remove := call.Define("s3:DeleteBucketPolicy", s3.NewFromConfig, (*s3.Client).DeleteBucketPolicy)
	put := call.Define("s3:PutBucketPolicy", s3.NewFromConfig, (*s3.Client).PutBucketPolicy, call.Edits(call.Document{
		Read: get.Definition, Delete: remove.Definition, Field: "Policy", List: "Statement", Name: "Sid",
		Absent: []string{"NoSuchBucketPolicy"}, Empty: `{"Statement":[]}`,
	}))
	catalogue := call.Catalogue{}
	if err := catalogue.Add(put.Definition); err != nil {
		t.Fatal(err)
	}
	const theirs, ours = `{"Sid":"Theirs"}`, `{"Sid":"Quell"}`
	edit := put.Editing(&s3.PutBucketPolicyInput{Bucket: aws.String("b")}, []json.RawMessage{json.RawMessage(ours)}, nil)
	back := quell.Call{Op: edit.Undo.Op, Input: edit.Undo.Input, Edit: edit.Undo.Edit}
	for _, test := range []struct {
		name   string
		bucket bucket
		call   quell.Call
		want   string // the policy after
		code   string
		lost   int
	}{
		{"none yet", bucket{}, edit, `{"Statement":[` + ours + `]}`, "", 0},
		{"theirs stays", bucket{policy: `{"Statement":[` + theirs + `]}`}, edit, `{"Statement":[` + theirs + `,` + ours + `]}`, "", 0},
		{"the last one gone, the policy goes", bucket{policy: `{"Statement":[` + ours + `]}`}, back, "", "", 0},
		{"theirs stays when ours goes", bucket{policy: `{"Statement":[` + theirs + `,` + ours + `]}`}, back, `{"Statement":[` + theirs + `]}`, "", 0},
		{"reading refused: nothing is written", bucket{policy: "x", deny: map[string]int{"GET": 1}}, edit, "x", "AccessDenied", 0},
		{"a document that is none: nothing is written", bucket{policy: "<html>"}, edit, "<html>", call.CodeNoAnswer, 0},
		{"writing refused", bucket{deny: map[string]int{"PUT": 1}}, edit, "", "AccessDenied", 0},
		{"written, reading back refused: in doubt, not refused", bucket{deny: map[string]int{"GET": 3}}, edit, `{"Statement":[` + ours + `]}`, call.CodeNoAnswer, 0},
		{"a neighbour vanished meanwhile", bucket{policy: `{"Statement":[` + theirs + `]}`,
			meddle: func(string) string { return `{"Statement":[` + ours + `]}` }}, edit, `{"Statement":[` + ours + `]}`, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := test.bucket
			b.asked = map[string]int{}
			sent, err := catalogue.Send(t.Context(), serve(t, b.ServeHTTP), test.call)
			if got := call.Code(err); got != test.code || b.policy != test.want || len(sent.Lost) != test.lost {
				t.Errorf("code %q, policy %s, lost %v: %v", got, b.policy, sent.Lost, err)
			}
		})
	}
	b := bucket{asked: map[string]int{}, meddle: func(string) string { return `{"Statement":[` + theirs + `]}` }}
	if _, err := catalogue.Send(t.Context(), serve(t, b.ServeHTTP), edit); !errors.Is(err, call.ErrNotApplied) {
		t.Errorf("our change vanished: %v", err)
	}
	for _, c := range []quell.Call{{Op: "s3:GetBucketPolicy", Input: json.RawMessage(`{}`), Edit: &quell.Edit{}}, {Op: "x:Y"}} {
		if _, err := catalogue.Send(t.Context(), aws.Config{}, c); call.Code(err) != call.CodeInput {
			t.Errorf("%s: %v", c.Op, err)
		}
	}
}

// TestSendKeepsOnlyWhatIsNamed and takes "there already" for done.
func TestSendKeepsOnlyWhatIsNamed(t *testing.T) {
	create := call.Define("iam:CreateAccessKey", iam.NewFromConfig, (*iam.Client).CreateAccessKey)
	remove := call.Define("iam:DeleteUser", iam.NewFromConfig, (*iam.Client).DeleteUser, call.DoneOn("NoSuchEntity"))
	catalogue := call.Catalogue{}
	if err := catalogue.Add(create.Definition, remove.Definition); err != nil {
		t.Fatal(err)
	}
	cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Amzn-RequestId", "r-1")
		if strings.Contains(string(body), "DeleteUser") {
			w.WriteHeader(404)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>NoSuchEntity</Code></Error><RequestId>r-2</RequestId></ErrorResponse>`)
			return
		}
		_, _ = io.WriteString(w, `<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>a</UserName><AccessKeyId>AKIA1</AccessKeyId>`+
			`<Status>Active</Status><SecretAccessKey>hidden</SecretAccessKey></AccessKey></CreateAccessKeyResult>`+
			`<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></CreateAccessKeyResponse>`)
	})
	sent, err := catalogue.Send(t.Context(), cfg, create.With(&iam.CreateAccessKeyInput{UserName: aws.String("a")}).Keeping("/AccessKey/AccessKeyId"))
	if err != nil || string(sent.Outputs) != `{"/AccessKey/AccessKeyId":"AKIA1"}` || sent.RequestID != "r-1" {
		t.Errorf("%s, %q, %v", sent.Outputs, sent.RequestID, err)
	}
	sent, err = catalogue.Send(t.Context(), cfg, remove.With(&iam.DeleteUserInput{UserName: aws.String("a")}))
	if err != nil || !sent.AlreadyDone {
		t.Errorf("gone already: %+v, %v", sent, err)
	}
	if _, err := catalogue.Send(t.Context(), cfg, remove.With(&iam.DeleteUserInput{})); call.Code(err) != call.CodeInput {
		t.Errorf("an input without its name: %v", err)
	}
}
