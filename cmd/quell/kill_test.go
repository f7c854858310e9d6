package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/quell-ir/quell/internal/moto"
)

// program runs the real program as a process of its own, against an endpoint and a home.
type program struct {
	endpoint, home string
}

func (p program) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Under this name the test binary is the program: see TestMain.
	return &exec.Cmd{Path: self, Args: append([]string{"quell"}, args...), Dir: t.TempDir(), Env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "AWS_ENDPOINT_URL=" + p.endpoint, "AWS_ACCESS_KEY_ID=" + moto.KeyID,
		"AWS_SECRET_ACCESS_KEY=" + moto.Secret, "AWS_REGION=us-east-1", "AWS_MAX_ATTEMPTS=1", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "QUELL_HOME=" + p.home, "QUELL_WAIT=0",
		"QUELL_REGIONS=us-east-1", "QUELL_LEVEL=automatic", "QUELL_OPERATOR=ann", "GORACE=" + noNap,
	}}
}

// run wants a status and returns what was printed.
func (p program) run(t *testing.T, status int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, complaints bytes.Buffer
	cmd := p.command(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("quell %s: status %d, want %d\n%s", strings.Join(args, " "), got, status, complaints.String())
	}
	return out.String(), complaints.String()
}

// the id of the only incident, "" where nothing was recorded yet.
func (p program) incident(t *testing.T) string {
	t.Helper()
	out, _ := p.run(t, 0, "incident", "list", "--json")
	var list struct{ Incidents []struct{ ID string } }
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Incidents) > 1 {
		t.Fatalf("%v: %s", err, out)
	}
	if len(list.Incidents) == 0 {
		return ""
	}
	return list.Incidents[0].ID
}

// Killed before or after any of its calls took effect, a response is finished by the next command, and its record holds.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("over the wire: not with -short")
	}
	server := moto.Start(t)
	for _, moment := range []struct {
		op   string
		took bool // the call took effect, and its answer never came
	}{
		{"GetCallerIdentity", false}, {"GetUser", true}, {"PutUserPolicy", false}, {"PutUserPolicy", true},
		{"UpdateAccessKey", false}, {"UpdateAccessKey", true}, {"TagUser", true}, {"GetLoginProfile", false},
	} {
		name := moment.op + " lost"
		if moment.took {
			name = moment.op + " unanswered"
		}
		t.Run(name, func(t *testing.T) {
			server.Reset(t)
			key := seedUser(t, server)
			home := filepath.Join(t.TempDir(), "home")
			killer := newKiller(t, server, moment.op, moment.took)
			first := program{killer.URL, home}.command(t, "respond", key, "--apply")
			killer.watch(t, first)
			select {
			case <-killer.struck:
			default:
				t.Fatalf("the response ended without a call of %s", moment.op)
			}

			p := program{server.URL, home}
			if id := p.incident(t); id == "" {
				p.run(t, 0, "respond", key, "--apply", "--json")
			} else {
				p.run(t, 0, "run", id, "--apply", "--json")
			}
			p.checkEnd(t, server, key)
		})
	}
}

// checkEnd wants the account contained, exactly once, and the ledger whole.
func (p program) checkEnd(t *testing.T, server *moto.Server, key string) {
	t.Helper()
	id := p.incident(t)
	client := iam.NewFromConfig(server.Config("us-east-1"))
	keys, err := client.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("ci")})
	if err != nil || len(keys.AccessKeyMetadata) != 1 || keys.AccessKeyMetadata[0].Status != "Inactive" {
		t.Errorf("key %s: %v %v", key, keys, err)
	}
	policies, err := client.ListUserPolicies(t.Context(), &iam.ListUserPoliciesInput{UserName: aws.String("ci")})
	if err != nil || len(policies.PolicyNames) != 1 || policies.PolicyNames[0] != "quell-"+id {
		t.Errorf("policies %v %v", policies, err)
	}
	tags, err := client.ListUserTags(t.Context(), &iam.ListUserTagsInput{UserName: aws.String("ci")})
	if err != nil || len(tags.Tags) != 1 || aws.ToString(tags.Tags[0].Value) != id {
		t.Errorf("tags %v %v", tags, err)
	}
	p.run(t, 0, "ledger", "verify")
	out, _ := p.run(t, 0, "run", id, "--apply", "--json")
	if !strings.Contains(out, `"state": "done"`) {
		t.Errorf("running again is not done: %s", out)
	}
}

func seedUser(t *testing.T, server *moto.Server) string {
	t.Helper()
	client := iam.NewFromConfig(server.Config("us-east-1"))
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("ci")}); err != nil {
		t.Fatal(err)
	}
	out, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("ci")})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.AccessKey.AccessKeyId)
}

// killer is a gate that kills the program at the first call of an operation.
type killer struct {
	URL    string
	op     string
	took   bool
	once   sync.Once
	struck chan struct{} // closed right before it kills
	victim chan *exec.Cmd
	dead   chan struct{}
	next   http.Handler
}

func newKiller(t *testing.T, server *moto.Server, op string, took bool) *killer {
	t.Helper()
	g, err := newGate(server.URL, func(http.ResponseWriter, *http.Request, string, int64) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	k := &killer{op: op, took: took, victim: make(chan *exec.Cmd, 1), dead: make(chan struct{}), struck: make(chan struct{}), next: g}
	front := httptest.NewServer(k)
	t.Cleanup(front.Close)
	k.URL = front.URL
	return k
}

// watch runs the victim to its end, by whatever end.
func (k *killer) watch(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	k.victim <- cmd
	err := cmd.Wait()
	close(k.dead)
	t.Logf("the first process: %v", err)
}

// ServeHTTP implements http.Handler.
func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if opOf(r, body) != k.op {
		k.next.ServeHTTP(w, r)
		return
	}
	k.once.Do(func() {
		if k.took {
			k.next.ServeHTTP(httptest.NewRecorder(), r)
		}
		cmd := <-k.victim
		close(k.struck)
		if err := cmd.Process.Kill(); err != nil {
			return // it ended by itself; the test sees that in the end state
		}
		bounded, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
		defer cancel()
		select {
		case <-k.dead:
		case <-bounded.Done():
		}
	})
}
