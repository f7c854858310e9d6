package detecttest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Corpus writes one {"Records":[...]} with the given number of events. The mix follows an ordinary account: mostly reads
// by roles and AWS services, some writes, few refusals, now and then a sign-in. Times rise from 2025-03-01.
func Corpus(seed int64, events int, w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	if _, err := out.WriteString(`{"Records":[`); err != nil {
		return fmt.Errorf("write corpus: %w", err)
	}
	g := newGenerator(seed)
	for i := range events {
		if i > 0 {
			out.WriteByte(',') // a failed write shows at Flush
		}
		out.Write(g.record())
	}
	out.WriteString("]}")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write corpus: %w", err)
	}
	return nil
}

// Records returns single records of the same kind.
func Records(seed int64, events int) [][]byte {
	g := newGenerator(seed)
	out := make([][]byte, events)
	for i := range out {
		out[i] = append([]byte(nil), g.record()...)
	}
	return out
}

type generator struct {
	rnd *rand.Rand
	now time.Time
	buf []byte
}

func newGenerator(seed int64) *generator {
	return &generator{rnd: rand.New(rand.NewPCG(uint64(seed), 0x9E3779B97F4A7C15)),
		now: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)}
}

// pick returns one of the choices.
func (g *generator) pick(choices ...string) string { return choices[g.rnd.IntN(len(choices))] }

// random returns n characters of an alphabet.
func (g *generator) random(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[g.rnd.IntN(len(alphabet))]
	}
	return string(b)
}

func (g *generator) hex(n int) string { return g.random("0123456789abcdef", n) }
func (g *generator) id(n int) string  { return g.random("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", n) }

func (g *generator) uuid() string {
	return g.hex(8) + "-" + g.hex(4) + "-4" + g.hex(3) + "-a" + g.hex(3) + "-" + g.hex(12)
}

func (g *generator) add(format string, args ...any) { g.buf = fmt.Appendf(g.buf, format, args...) }

// record builds the next event; the bytes are good until the one after.
func (g *generator) record() []byte {
	g.now = g.now.Add(time.Duration(g.rnd.IntN(900)) * time.Millisecond)
	g.buf = g.buf[:0]
	account := fmt.Sprintf("%012d", 111122223333+int64(g.rnd.IntN(4))*111)
	region := g.pick("us-east-1", "us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2")
	call := g.call()
	g.add(`{"eventVersion":"1.11","userIdentity":`)
	agent, ip := g.identity(account)
	g.add(`,"eventTime":"%s","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"%s","sourceIPAddress":"%s","userAgent":"%s"`,
		g.now.Format(time.RFC3339), call.service, call.name, region, ip, agent)
	denied := g.rnd.IntN(40) == 0
	if denied {
		g.add(`,"errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::%s:assumed-role/%s/%s is not authorized to perform: %s:%s because no identity-based policy allows the %s:%s action"`,
			account, g.pick("app", "ci", "reader"), g.hex(8), call.service, call.name, call.service, call.name)
	}
	g.add(`,"requestParameters":`)
	call.request(g)
	g.add(`,"responseElements":`)
	if denied || call.response == nil {
		g.add("null")
	} else {
		call.response(g)
	}
	g.add(`,"requestID":"%s","eventID":"%s","readOnly":%t`, g.uuid(), g.uuid(), call.response == nil)
	if call.service == "s3" || call.service == "kms" {
		g.add(`,"resources":[{"accountId":"%s","type":"AWS::S3::Object","ARN":"arn:aws:s3:::logs-%s-%s/%s"}]`, account, account, region, g.hex(24))
	}
	g.add(`,"eventType":"AwsApiCall","managementEvent":%t,"recipientAccountId":"%s","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s.%s.amazonaws.com"}}`,
		call.service != "s3", account, call.service, region)
	return g.buf
}

// identity writes who made the call and returns the user agent and address.
func (g *generator) identity(account string) (agent, ip string) {
	agent = g.pick("aws-sdk-go-v2/1.30.3 ua/2.1 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/sts#1.30.3",
		"Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#5.10.220-209.869.amzn2.x86_64 md/arch#x86_64 lang/python#3.11.6 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.144",
		"aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#ec2.describe-instances",
		"APN/1.0 HashiCorp/1.0 Terraform/1.9.2 (+https://www.terraform.io) terraform-provider-aws/5.59.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5")
	ip = fmt.Sprintf("%d.%d.%d.%d", 3+g.rnd.IntN(200), g.rnd.IntN(256), g.rnd.IntN(256), 1+g.rnd.IntN(254))
	switch n := g.rnd.IntN(100); {
	case n < 70:
		role, session := g.pick("app-prod", "ci-deploy", "eks-node", "lambda-exec", "data-pipeline", "SecurityAudit"), "i-0"+g.hex(16)
		id := "AROA" + g.id(17)
		g.add(`{"type":"AssumedRole","principalId":"%s:%s","arn":"arn:aws:sts::%s:assumed-role/%s/%s","accountId":"%s","accessKeyId":"ASIA%s","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"%s","arn":"arn:aws:iam::%s:role/%s","accountId":"%s","userName":"%s"},"attributes":{"creationDate":"%s","mfaAuthenticated":"false"},"ec2RoleDelivery":"2.0"}}`,
			id, session, account, role, session, account, g.id(16), id, account, role, account, role, g.now.Add(-time.Hour).Format(time.RFC3339))
	case n < 82:
		user := g.pick("alice", "bob", "carol", "deploy-bot", "backup")
		g.add(`{"type":"IAMUser","principalId":"AIDA%s","arn":"arn:aws:iam::%s:user/%s","accountId":"%s","accessKeyId":"AKIA%s","userName":"%s"}`,
			g.id(17), account, user, account, g.id(16), user)
	default:
		service := g.pick("ec2", "lambda", "autoscaling", "config", "cloudformation") + ".amazonaws.com"
		g.add(`{"type":"AWSService","invokedBy":"%s"}`, service)
		return service, service
	}
	return agent, ip
}
