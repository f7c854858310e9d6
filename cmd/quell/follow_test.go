package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	static "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/internal/moto"
	"github.com/quell-ir/quell/store/journal"
)

// granted is a record of a user's key that makes another user an administrator: a finding by the rules that Quell has.
func granted(id string) string {
	return `{"eventVersion":"1.10","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLEDEPLOYBOT1","arn":"arn:aws:iam::123456789012:user/ci","accountId":"123456789012",` +
		`"accessKeyId":"AKIAEXAMPLEDEPLOY001","userName":"ci"},"eventTime":"2026-03-02T03:01:00Z","eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy",` +
		`"awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2.0","requestParameters":{"userName":"backdoor","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"},` +
		`"responseElements":null,"requestID":"r2","eventID":"` + id + `","eventType":"AwsApiCall","recipientAccountId":"123456789012","managementEvent":true,"eventCategory":"Management"}`
}

// listener is a running program whose lines are read as they come.
type listener struct {
	cmd *exec.Cmd
	in  *bufio.Scanner
}

// listen starts the program and reads its stdout, or its stderr.
func (p program) listen(t *testing.T, stderr bool, args ...string) *listener {
	t.Helper()
	l := &listener{cmd: p.command(t, args...)}
	var pipe io.Reader
	var err error
	if stderr {
		pipe, err = l.cmd.StderrPipe()
	} else {
		pipe, err = l.cmd.StdoutPipe()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l.in = bufio.NewScanner(pipe)
	l.in.Buffer(nil, 1<<20)
	t.Cleanup(func() { _ = l.cmd.Process.Kill() }) // one that has ended cannot be killed
	return l
}

// until reads lines up to one that holds a text.
func (l *listener) until(t *testing.T, text string) string {
	t.Helper()
	for l.in.Scan() {
		if strings.Contains(l.in.Text(), text) {
			return l.in.Text()
		}
	}
	t.Fatalf("it ended without a line of %q", text)
	return ""
}

// stop ends it with a signal and gives the rest of its lines and its status.
func (l *listener) stop(t *testing.T, how os.Signal) (rest []string, status int) {
	t.Helper()
	if err := l.cmd.Process.Signal(how); err != nil {
		t.Fatal(err)
	}
	for l.in.Scan() {
		rest = append(rest, l.in.Text())
	}
	_ = l.cmd.Wait() // the status says how it ended
	return rest, l.cmd.ProcessState.ExitCode()
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFollowKilled: a watch that is killed while a record is half written goes on where it is started again: each record is
// one finding of one incident.
func TestFollowKilled(t *testing.T) {
	dir, log := t.TempDir(), ""
	p := program{"http://127.0.0.1:1", filepath.Join(t.TempDir(), "home")}
	log = filepath.Join(dir, "trail.jsonl")
	next := granted("e-2")
	appendText(t, log, granted("e-1")+"\n"+next[:200])
	args := []string{"hunt", "--follow", "--every", "20ms", "--open", "--json", dir}
	first := p.listen(t, false, args...)
	first.until(t, "e-1")
	if rest, _ := first.stop(t, os.Kill); len(rest) != 0 {
		t.Errorf("told of half a record: %s", rest)
	}
	appendText(t, log, next[200:]+"\n")
	second := p.listen(t, false, args...)
	second.until(t, "e-2")
	appendText(t, log, granted("e-3")+"\n")
	second.until(t, "e-3")
	if _, status := second.stop(t, os.Interrupt); status != 0 {
		t.Errorf("status %d", status)
	}
	out, _ := p.run(t, 0, "incident", "show", p.incident(t), "--json")
	for _, id := range []string{"e-1", "e-2", "e-3"} {
		if !strings.Contains(out, id) {
			t.Errorf("%s is in no incident", id)
		}
	}
	p.run(t, 0, "ledger", "verify")
}

// TestQueueKilled: killed after its findings were kept and before its message is deleted, a hunt leaves them once in the journal
// when the next has read the message again.
func TestQueueKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("over the wire: not with -short")
	}
	server := moto.Start(t)
	mail := sqs.NewFromConfig(server.Config("us-east-1"))
	made, err := mail.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("quell-killed")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mail.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String(granted("e-1"))}); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(t.TempDir(), "home")
	killer := newKiller(t, server, "DeleteMessageBatch", false)
	args := []string{"hunt", "sqs:" + aws.ToString(made.QueueUrl), "--visible", "1s", "--json"}
	killer.watch(t, program{killer.URL, home}.command(t, args...))
	select {
	case <-killer.struck:
	default:
		t.Fatal("the hunt ended without deleting anything")
	}
	if got := journaled(t, home); len(got) == 0 {
		t.Fatal("nothing was kept before the message was to be deleted")
	}
	p := program{server.URL, home}
	// The message is hidden for a second; asking is all that a test may do about it.
	for n := ""; n != "1"; {
		out, err := mail.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl,
			AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages}})
		if err != nil {
			t.Fatal(err)
		}
		n = out.Attributes["ApproximateNumberOfMessages"]
	}
	out, _ := p.run(t, 0, args...)
	var result struct{ Findings []quell.Finding }
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range result.Findings {
		want = append(want, f.ID)
	}
	got := journaled(t, home)
	slices.Sort(got)
	slices.Sort(want)
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("kept %v, found %v", got, want)
	}
	if p.incident(t) == "" {
		t.Error("no incident was recorded")
	}
	if out, _ := p.run(t, 0, args...); !strings.Contains(out, `"findings": []`) {
		t.Errorf("the message is still there: %s", out)
	}
}

// TestFollowLogGroup: looks that overlap read each line once.
func TestFollowLogGroup(t *testing.T) {
	if testing.Short() {
		t.Skip("over the wire: not with -short")
	}
	server := moto.Start(t)
	logs := cloudwatchlogs.NewFromConfig(server.Config("us-east-1"))
	group, stream := aws.String("trail"), aws.String("one")
	if _, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}); err != nil {
		t.Fatal(err)
	}
	if _, err := logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	put := func(id string) {
		t.Helper()
		line := []logtypes.InputLogEvent{{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(granted(id))}}
		if _, err := logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: line}); err != nil {
			t.Fatal(err)
		}
	}
	put("e-1")
	p := program{server.URL, filepath.Join(t.TempDir(), "home")}
	l := p.listen(t, true, "hunt", "--follow", "--every", "20ms", "--open", "--json", "--log-group", "trail", "--heartbeat", "1h", "--canary-regions", "us-east-1,eu-west-1", "-v")
	l.until(t, "sts:GetCallerIdentity in us-east-1, eu-west-1 every 20m")
	for _, id := range []string{"e-2", "e-3"} {
		l.until(t, "recorded incident")
		put(id)
	}
	l.until(t, "recorded incident")
	rest, status := l.stop(t, os.Interrupt)
	if status != 0 || len(rest) == 0 || !strings.HasPrefix(rest[len(rest)-1], "stopped: 3 events read") {
		t.Errorf("status %d: %q", status, rest)
	}
}

func journaled(t *testing.T, home string) (ids []string) {
	t.Helper()
	if err := journal.In(home, quell.WallClock{}).Read(func(f quell.Finding) error { ids = append(ids, f.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestHeartbeatOfFiles: a folder in which nothing comes is a finding, and its first record the end of the silence.
func TestHeartbeatOfFiles(t *testing.T) {
	dir := t.TempDir()
	p := program{"http://127.0.0.1:1", filepath.Join(t.TempDir(), "home")}
	l := p.listen(t, true, "hunt", "--follow", "--every", "20ms", "--heartbeat", "1s", "--no-canary", "--fail-on", "high", "--json", dir)
	l.until(t, "pipeline is silent: From "+dir)
	appendText(t, filepath.Join(dir, "a.jsonl"), strings.Replace(granted("e-1"), "AttachUserPolicy", "ListUsers", 1)+"\n")
	l.until(t, "pipeline heard again after ")
	if rest, status := l.stop(t, os.Interrupt); status != exitFound {
		t.Errorf("status %d: %v", status, rest)
	}
	// Nobody answers at this address, so that no call can be made: any record is then a sign of life.
	l = p.listen(t, true, "hunt", "--follow", "--heartbeat", "1h", dir)
	l.until(t, "no credentials to make calls with, any record is a sign of life")
	if _, status := l.stop(t, os.Interrupt); status != 0 {
		t.Errorf("status %d", status)
	}
}

// TestCanaryIsHeard: the call says in its user agent what the rule looks for, in the region it is to be made in.
func TestCanaryIsHeard(t *testing.T) {
	var agent, scope string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent, scope = r.UserAgent(), r.Header.Get("Authorization")
		fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	}))
	defer server.Close()
	base := aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, AppID: "quell", Credentials: static.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}
	if err := callCanary(base)(context.Background(), "eu-west-1", hunt.CanaryAgent+"ABCDEFGHIJKLMNOPQRSTUVWXYZ"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(agent+" ", "app/"+hunt.CanaryAgent+"ABCDEFGHIJKLMNOPQRSTUVWXYZ ") || !strings.Contains(scope, "/eu-west-1/sts/") {
		t.Errorf("user agent %q, scope %q", agent, scope)
	}
}
