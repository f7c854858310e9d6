package simulate

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell/sandbox"
)

// Victim is an account as one finds them: a pipeline's long-lived key that may do everything, a bucket worth stealing,
// a secret, and a role that the pipeline assumes.
type Victim struct {
	World  *sandbox.World
	Leaked aws.Credentials
	User   string
	Bucket string
	Secret string
	Role   string
}

// The addresses that calls come from; all are reserved for documentation (RFC 5737).
const (
	pipelineIP = "192.0.2.40"
	intruderIP = "203.0.113.66"
)

// NewVictim seeds the account and lets the pipeline work in it for a while.
func NewVictim(w *sandbox.World) Victim {
	v := Victim{World: w, User: "ci-deploy", Bucket: "acme-customer-exports", Role: "etl"}
	v.Leaked = w.AddUser(v.User, "AdministratorAccess")
	w.AddUser("alice", "ReadOnlyAccess")
	w.AddBucket(v.Bucket, "us-east-1")
	for n := range 6 {
		w.AddObject(v.Bucket, fmt.Sprintf("2026/customers-%02d.csv", n), []byte("id,name,iban\n"))
	}
	v.Secret = w.AddSecret("prod/db", "us-east-1", "correct horse battery staple")
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}]}`, w.Account())
	w.AddRole(v.Role, trust, "AmazonS3ReadOnlyAccess")
	w.Where(v.Leaked.AccessKeyID, pipelineIP, "aws-cli/2.22.0 md/prompt#off exec-env/ci")
	return v
}

// Ordinary is how long the pipeline has worked before the key leaks.
const Ordinary = 2 * time.Hour
