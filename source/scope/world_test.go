package scope

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/sandbox"
)

const home = "us-east-1"

const anyone = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`

// all allows a federated session what its user may.
const all = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// readerOf asks the world as whoever holds the credentials; none are the administrator's.
func readerOf(w *sandbox.World, as ...aws.Credentials) Reader {
	return Reader{Clock: w.Clock(), Config: func(_ context.Context, region string) (aws.Config, error) {
		if len(as) > 0 {
			return w.Config(as[0], region), nil
		}
		return w.Admin(region), nil
	}}
}

// settle lets everything done so far show in the trail.
func settle(t *testing.T, w *sandbox.World) {
	t.Helper()
	check(t, w.Clock().Sleep(t.Context(), time.Hour))
}

func fromSTS(c *ststypes.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func assume(t *testing.T, w *sandbox.World, as aws.Credentials, role, name string) aws.Credentials {
	t.Helper()
	out, err := sts.NewFromConfig(w.Config(as, home)).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &name})
	check(t, err)
	return fromSTS(out.Credentials)
}

func federate(t *testing.T, w *sandbox.World, as aws.Credentials, name string) aws.Credentials {
	t.Helper()
	out, err := sts.NewFromConfig(w.Config(as, home)).GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: &name, Policy: aws.String(all)})
	check(t, err)
	return fromSTS(out.Credentials)
}

func makeUser(t *testing.T, w *sandbox.World, as aws.Credentials, name string) aws.Credentials {
	t.Helper()
	client := iam.NewFromConfig(w.Config(as, home))
	_, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	check(t, err)
	check(t, w.Clock().Sleep(t.Context(), time.Minute))
	_, err = client.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	check(t, err)
	key := makeKey(t, w, as, name)
	check(t, w.Clock().Sleep(t.Context(), time.Minute))
	return key
}

func makeKey(t *testing.T, w *sandbox.World, as aws.Credentials, user string) aws.Credentials {
	t.Helper()
	out, err := iam.NewFromConfig(w.Config(as, home)).CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	check(t, err)
	return aws.Credentials{AccessKeyID: *out.AccessKey.AccessKeyId, SecretAccessKey: *out.AccessKey.SecretAccessKey}
}

// act makes calls that leave a record in a region; whether they are allowed is no matter.
func act(t *testing.T, w *sandbox.World, as aws.Credentials, region string, times int) {
	t.Helper()
	client := cloudtrail.NewFromConfig(w.Config(as, region))
	for range times {
		if _, err := client.DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{}); err != nil && !strings.Contains(err.Error(), "AccessDenied") {
			t.Fatal(err)
		}
	}
}

// who asks the world for a user's entity without the code under test.
func userOf(t *testing.T, w *sandbox.World, name string) quell.Entity {
	t.Helper()
	out, err := iam.NewFromConfig(w.Admin(home)).GetUser(t.Context(), &iam.GetUserInput{UserName: &name})
	check(t, err)
	return quell.Entity{Kind: quell.KindUser, ID: *out.User.UserId, Name: name, ARN: *out.User.Arn, Account: w.Account(), Part: quell.PartActor}
}

func roleOf(t *testing.T, w *sandbox.World, name string) quell.Entity {
	t.Helper()
	out, err := iam.NewFromConfig(w.Admin(home)).GetRole(t.Context(), &iam.GetRoleInput{RoleName: &name})
	check(t, err)
	return quell.Entity{Kind: quell.KindRole, ID: *out.Role.RoleId, Name: name, ARN: *out.Role.Arn, Account: w.Account(), Part: quell.PartActor}
}

func keyEntity(c aws.Credentials, of quell.Entity) quell.Entity {
	return quell.Entity{Kind: quell.KindAccessKey, ID: c.AccessKeyID, Account: of.Account, Part: quell.PartActor, Of: of.ID}
}

// stranger answers like an emulator: what it knows by the operation's name, a page in HTML otherwise.
func stranger(t *testing.T, known map[string]string) Reader {
	t.Helper()
	return emulatorOf(t, http.StatusNotFound, known)
}

func emulatorOf(t *testing.T, status int, known map[string]string) Reader {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err == nil && known[r.PostForm.Get("Action")] != "" {
			w.Header().Set("Content-Type", "text/xml")
			_, _ = w.Write([]byte(known[r.PostForm.Get("Action")]))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><body>not found</body></html>"))
	}))
	t.Cleanup(server.Close)
	return Reader{
		Clock: sandbox.New(sandbox.Options{}).Clock(), Regions: []string{"us-east-1", "eu-west-1"},
		Config: func(_ context.Context, region string) (aws.Config, error) {
			return aws.Config{
				Region: region, BaseEndpoint: aws.String(server.URL), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AKIATESTTESTTESTTEST", SecretAccessKey: "test"}, nil
				}),
			}, nil
		},
	}
}

const callerAnswer = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
	<Arn>arn:aws:iam::123456789012:user/op</Arn><UserId>AIDAOP</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`

// wantError fails unless err is a quell.Error of the code that says all of the words.
func wantError(t *testing.T, err error, code quell.ErrorCode, words ...string) {
	t.Helper()
	var mine *quell.Error
	if !errors.As(err, &mine) || mine.Code != code {
		t.Fatalf("error %v, want a quell.Error %s", err, code)
	}
	for _, word := range words {
		if !strings.Contains(mine.Error(), word) {
			t.Errorf("error %q does not say %q", mine, word)
		}
	}
}
