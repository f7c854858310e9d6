package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/actions"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/evidence"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/plan"
	"github.com/quell-ir/quell/playbooks"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/source/scope"
	"github.com/quell-ir/quell/store/keyfile"
	"github.com/quell-ir/quell/store/sqlite"
)

// home is the opened state folder.
type home struct {
	desk     *respond.Desk
	evidence *evidence.Folder
	store    *sqlite.Store
}

// Close closes the store.
func (h *home) Close() error { return h.store.Close() }

// open opens the state folder and a desk on it. Nothing is asked of AWS.
func (m *Main) open(ctx context.Context) (*home, error) {
	dir := m.cli.Home
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &quell.Error{Code: quell.CodeFailed, What: "make the state folder " + dir, Err: err, Next: "name another with --home"}
	}
	signer, key, err := keyfile.LoadOrCreateKey(filepath.Join(dir, "ledger.key"))
	if err != nil {
		return nil, err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return nil, err
	}
	folder, err := evidence.Open(filepath.Join(dir, "evidence"))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	people, err := m.people()
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	catalogue, err := actions.Catalogue()
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	books, err := books()
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	h := &home{evidence: folder, store: store, desk: &respond.Desk{
		Log: ledger.Open(store, signer, key, m.Clock), Evidence: folder, Actions: catalogue, Books: books, People: people,
		Settings: action.Settings{Protected: m.cli.Protected, Responders: m.cli.Responders}, Budget: m.cli.Budget, BudgetPerHour: m.cli.PerHour, Clock: m.Clock,
		Secret: secretKeeper(filepath.Join(dir, "secrets")), Stop: stopSwitch(filepath.Join(dir, "STOP")),
		By: operator(m.Getenv), Owner: processName(), Dead: processDead, Compiled: &plan.Compiled{},
	}}
	h.desk.Config = func(context.Context, string, string, []quell.Call) (aws.Config, error) {
		return aws.Config{}, &quell.Error{Code: quell.CodeFailed, What: "no account is at hand for this command"}
	}
	return h, nil
}

// books reads the playbooks that Quell comes with.
func books() ([]quell.Playbook, error) {
	list, problems := plan.ReadPlaybooks(playbooks.Files)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return list, nil
}

// processName names this process on this machine.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// processDead says whether a process of this machine has ended. One of another machine, or of a number that was given
// out again, counts as alive and is waited out.
func processDead(owner string) bool {
	host, number, ok := strings.Cut(owner, "/")
	here, err := os.Hostname()
	if !ok || err != nil || host != here {
		return false
	}
	pid, err := strconv.Atoi(number)
	if err != nil || pid == os.Getpid() {
		return false
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// operator is the local person's name where the account gave none.
func operator(getenv func(string) string) string {
	for _, name := range []string{"QUELL_OPERATOR", "USER", "LOGNAME"} {
		if v := getenv(name); v != "" {
			return quell.Cut(v, 64)
		}
	}
	return "operator"
}

// account gives the desk the account: credentials for every region, what the trail tells, and who acts.
func (m *Main) account(ctx context.Context, h *home) (scope.Reader, error) {
	base, err := m.awsConfig(ctx)
	if err != nil {
		return scope.Reader{}, err
	}
	who, err := sts.NewFromConfig(base).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return scope.Reader{}, &quell.Error{
			Code: quell.CodeFailed, What: "the AWS credentials at hand do not work", Err: err,
			Next: "sign in (aws sso login), or set AWS_PROFILE or --profile",
		}
	}
	arn := aws.ToString(who.Arn)
	h.desk.Settings.Responders = append(h.desk.Settings.Responders, principalARN(arn))
	h.desk.By = personOf(arn, h.desk.By, len(h.desk.People.People) > 0)
	creds := newCredentials(base, m.cli.Role, h.desk.Actions)
	h.desk.Config = creds.config
	h.desk.Credentials = "using " + arn + ", not narrowed"
	if m.cli.Role != "" {
		h.desk.Credentials = "entering " + m.cli.Role + " with a session policy made from the calls"
		h.desk.Settings.Responders = append(h.desk.Settings.Responders, m.cli.Role)
	}
	reader := scope.Reader{
		Config: func(ctx context.Context, region string) (aws.Config, error) {
			return creds.config(ctx, "", region, nil)
		},
		Clock:   m.Clock,
		Home:    base.Region,
		Regions: m.cli.Regions,
		Memory:  scope.NewMemory(),
	}
	h.desk.Trail = func(ctx context.Context, principals []quell.Entity, since time.Time) (scope.Sighting, error) {
		return reader.Trail(ctx, principals, since, m.Clock.Now())
	}
	h.desk.Live = reader.Live
	h.desk.Simulate = reader.Simulate
	h.desk.Self = principalARN(arn)
	if m.cli.Role != "" {
		h.desk.Self = strings.ReplaceAll(m.cli.Role, "{account}", aws.ToString(who.Account))
	}
	return reader, nil
}

// awsConfig is the standard AWS configuration: profiles, SSO, regions, AWS_ENDPOINT_URL.
func (m *Main) awsConfig(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithAppID("quell"), config.WithRetryer(patient),
		// The SDK's own warnings are about connections; what matters comes back as an error.
		config.WithLogger(logging.Nop{}),
	}
	if m.cli.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(m.cli.Profile))
	}
	if m.cli.Region != "" {
		options = append(options, config.WithRegion(m.cli.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, &quell.Error{Code: quell.CodeFailed, What: "load the AWS configuration", Err: err, Next: "see `aws configure list`"}
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	return cfg, nil
}

// patient is the SDK's standard retryer, which does not ask again where the endpoint does not know the call.
func patient() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if call.IsPage(err) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

// personOf is who a decision is by: an identity that a person holds, else the local operator. Where people are named in
// the settings, a name that anyone can put into the environment is no proof of being one of them: the caller's ARN then
// stands for itself, and is refused unless it is somebody's.
func personOf(arn, local string, named bool) string {
	if person, ok := approve.Identify(arn, ""); ok {
		return person
	}
	if named {
		return arn
	}
	return local
}

// stopSwitch stops all sending while a file exists.
func stopSwitch(path string) func() error {
	return func() error {
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("the stop switch is set; remove %s to go on", path)
		}
		return nil
	}
}

// secretKeeper makes secrets that only the operator's files hold.
func secretKeeper(dir string) func(string) (string, error) {
	return func(reference string) (string, error) {
		path := filepath.Join(dir, reference)
		if have, err := os.ReadFile(path); err == nil {
			return string(have), nil
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", err
		}
		random := make([]byte, 16)
		if _, err := rand.Read(random); err != nil {
			return "", err
		}
		// A console password policy may ask for every class of character.
		secret := "Q!" + hex.EncodeToString(random)
		return secret, os.WriteFile(path, []byte(secret), 0o600)
	}
}
