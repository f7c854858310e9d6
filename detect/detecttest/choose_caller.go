package detecttest

import (
	"strconv"
	"strings"
)

// caller is a kind of identity that does a duty.
type caller int

// The callers. Who is human works in office hours.
const (
	service       caller = iota // an AWS service on its own behalf
	serviceLinked               // an AWS service by its service-linked role
	workload                    // a program by its role on EC2, ECS, EKS or Lambda
	observer                    // a vendor's or the team's monitoring by a role
	scanner                     // security posture scanners by a role
	terraform                   // infrastructure as code by a role
	stack                       // CloudFormation and CDK by a role
	delivery                    // CodeBuild, GitHub Actions and other build systems by a role
	controlTower                // account vending
	nuke                        // the weekly clean-up of sandbox accounts by a role
	program                     // an IAM user's key in a program
	console                     // a person by single sign-on in the browser
	shell                       // a person by single sign-on on the command line
	admin                       // a person with AdministratorAccess in the browser
	analyst                     // a person of the security team in the browser
	oldHand                     // an IAM user's key on a command line
	oldLogin                    // an IAM user in the browser
	breakGlass                  // the emergency role
	rootUser                    // the management account's root user
	directory                   // a person at the sign-in page of IAM Identity Center, before any role is taken
)

func (c caller) human() bool { return c >= console }

// identity is who makes the calls of a duty, as records name them.
type identity struct {
	kind                          string // userIdentity.type
	name, session, path           string // role or user name, role session
	principal, issuer, accessKey  string
	agent, ip                     string
	mfa, fromConsole, viaInstance bool
}

// What clients say of themselves.
const (
	botoAgent = "Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#5.10.220-209.869.amzn2.x86_64 md/arch#x86_64 lang/python#3.11.6 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.34.144"
	goAgent   = "aws-sdk-go-v2/1.30.3 ua/2.1 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/sts#1.30.3"
	javaAgent = "aws-sdk-java/2.26.12 md/io#async md/http#NettyNio ua/2.1 os/Linux#5.10.220 lang/java#17.0.11 md/vendor#Amazon.com_Inc."
	lambdaSDK = "Boto3/1.34.42 md/Botocore#1.34.42 ua/2.0 os/linux#5.10.219-229.866.amzn2.x86_64 md/arch#x86_64 lang/python#3.12.4 exec-env/AWS_Lambda_python3.12 Botocore/1.34.42"
	tfAgent   = "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 (+https://www.terraform.io) terraform-provider-aws/5.59.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.30.3 ua/2.1 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64"
	cliLinux  = "aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off"
	cliMac    = "aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off"
	browser   = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)

var (
	// The console's pages call by the browser, by AWS's own servers, and by one of a kind for S3.
	consoleAgents = []string{browser, browser, browser,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "AWS Internal",
		"[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10.218 OpenJDK_64-Bit_Server_VM/25.412-b09 java/1.8.0_412 vendor/Oracle_Corporation cfg/retry-mode/standard]"}
	buildNames = []string{"codebuild-release-service-role", "gha-deployer", "buildkite-agent", "gitlab-runner", "release-manager", "platform-automation"}
)

// choose makes the caller of a duty: an account, a region and an identity in it.
func (w *world) choose(by caller) {
	defer w.choosePurpose()
	w.account = w.accounts[w.rnd.IntN(len(w.accounts))]
	w.region = w.pick(regions)
	w.me = identity{}
	w.me.ip = w.cloudIP()
	switch by {
	case service:
		w.me.kind = "AWSService"
	case serviceLinked:
		name := w.pick([]string{"config", "securityhub", "guardduty", "access-analyzer", "trustedadvisor", "autoscaling", "ecs", "elasticloadbalancing", "inspector2", "backup"})
		w.role("AWSServiceRoleFor-"+name, name, "/aws-service-role/"+name+".amazonaws.com/", name+".amazonaws.com", 1)
		w.me.ip = w.me.agent
	case workload:
		app := w.pick(appNames)
		switch w.rnd.IntN(3) {
		case 0:
			w.role(app+"-task", w.stableHex(32, "task", w.account.id, app), "/", w.pick([]string{javaAgent, goAgent}), 1)
		case 1:
			w.role(app+"-lambda", app, "/service-role/", lambdaSDK, 6)
		default:
			w.role(app+"-instance", "i-0"+w.stableHex(16, "instance", w.account.id, app), "/", botoAgent, 6)
			w.me.viaInstance = true
		}
	case observer:
		w.role(w.pick([]string{"DatadogIntegrationRole", "cluster-autoscaler", "aws-load-balancer-controller", "prometheus-cloudwatch", "cost-reporter"}), "collector", "/", w.pick([]string{goAgent, botoAgent}), 1)
	case scanner:
		w.role(w.pick([]string{"SecurityAudit", "WizAccess-Role", "prowler-scan", "OrgInventory"}), "scan-"+w.now.Format("20060102"), "/", botoAgent, 4)
	case terraform:
		w.role(w.pick([]string{"terraform-apply", "tf-runner", "spacelift-runner", "OrganizationAccountAccessRole"}), "aws-go-sdk-"+w.now.Format("2006010215"), "/", tfAgent, 1)
	case stack:
		w.role("cdk-hnb659fds-cfn-exec-role-"+w.account.id+"-"+w.region, "AWSCloudFormation", "/", "cloudformation.amazonaws.com", 1)
		w.me.ip = w.me.agent
	case delivery:
		w.role(w.pick(buildNames), "build-"+strconv.Itoa(w.now.YearDay()*24+w.now.Hour()), "/", w.pick([]string{cliLinux, botoAgent}), 1)
	case controlTower:
		w.role("AWSControlTowerExecution", "AWSControlTower-Session", "/", "controltower.amazonaws.com", 1)
		w.me.ip = w.me.agent
	case nuke:
		w.sandbox()
		w.role("sandbox-cleaner", "weekly", "/", goAgent, 4)
	case program, oldHand, oldLogin:
		w.user(by)
	default:
		w.human(by)
	}
}

// choosePurpose picks what the duty is about, among the things of the account.
func (w *world) choosePurpose() {
	w.app = w.pick(appNames)
	w.bucket = w.pick(bucketNames) + "-" + w.account.name + "-" + w.account.id[8:]
	thing := strconv.Itoa(w.rnd.IntN(20))
	w.instance = "i-0" + w.stableHex(16, "instance", w.account.id, thing)
	w.group = "sg-0" + w.stableHex(16, "sg", w.account.id, thing)
	w.key = w.stableUUID("kms", w.account.id, thing)
}

// role makes the identity a session of a role; hours is how long one session lasts.
func (w *world) role(name, session, path, agent string, hours int64) {
	me := &w.me
	me.kind, me.name, me.session, me.path, me.agent = "AssumedRole", name, session, path, agent
	me.issuer = "AROA" + w.stableID(17, "role", w.account.id, name)
	me.principal = me.issuer + ":" + session
	me.accessKey = "ASIA" + w.stableID(16, "session", w.account.id, name, session, strconv.FormatInt(w.now.Unix()/3600/hours, 10))
}

// user makes the identity an IAM user of the account it belongs to.
func (w *world) user(by caller) {
	u := w.users[w.rnd.IntN(len(w.users))]
	for u.program != (by == program) && len(w.users) > 4 {
		u = w.users[w.rnd.IntN(len(w.users))]
	}
	w.account = w.accounts[u.account%len(w.accounts)]
	me := &w.me
	me.kind, me.name = "IAMUser", u.name
	me.principal = "AIDA" + w.stableID(17, "user", w.account.id, u.name)
	me.accessKey = "AKIA" + w.stableID(16, "key", w.account.id, u.name)
	me.agent, me.ip = w.pick([]string{botoAgent, javaAgent}), "203.0.113."+strconv.Itoa(10+len(u.name))
	if by != program {
		me.agent, me.ip = w.pick([]string{cliMac, cliLinux}), w.officeIP()
	}
	if by == oldLogin {
		me.accessKey = "ASIA" + w.stableID(16, "login", w.account.id, u.name, w.now.Format("20060102"))
		me.agent, me.mfa, me.fromConsole = browser, true, true
	}
}

// human makes the identity a person's session by single sign-on, the emergency role's or root's.
func (w *world) human(by caller) {
	p := w.people[w.rnd.IntN(len(w.people))]
	switch {
	case by == admin:
		p.set = "AdministratorAccess"
	case by == analyst:
		p.set = "SecurityAnalyst"
	case p.set == "AdministratorAccess":
		p.set = "PlatformEngineer"
	}
	ip := p.home
	if w.rnd.IntN(2) == 0 {
		ip = w.officeIP()
	}
	switch by {
	case rootUser:
		w.account = w.accounts[0]
		w.me = identity{kind: "Root", principal: w.account.id, accessKey: "ASIA" + w.stableID(16, "root", w.now.Format("20060102")), agent: browser, ip: w.officeIP(), mfa: true, fromConsole: true}
		return
	case directory:
		// The records of the sign-in page stand in the account that the directory belongs to, and know a name only.
		w.account = w.accounts[0]
		w.me = identity{kind: "Unknown", name: p.mail, principal: w.account.id, agent: browser, ip: ip}
		return
	case breakGlass:
		w.role("BreakGlass", p.mail, "/", w.pick(consoleAgents), 8)
		w.me.mfa = true
	default:
		w.role("AWSReservedSSO_"+p.set+"_"+w.stableHex(16, "set", w.account.id, p.set), p.mail, "/aws-reserved/sso.amazonaws.com/eu-west-1/", w.pick(consoleAgents), 8)
	}
	w.me.ip, w.me.fromConsole = ip, by != shell
	if by == shell {
		w.me.agent = w.pick([]string{cliMac, cliLinux, cliMac, botoAgent})
	}
}

// sandbox moves the duty to an account where everything may go.
func (w *world) sandbox() {
	for range 50 {
		if strings.HasPrefix(w.account.name, "sandbox") {
			return
		}
		w.account = w.accounts[w.rnd.IntN(len(w.accounts))]
	}
}

func (w *world) officeIP() string {
	return w.pick([]string{"198.51.100.7", "198.51.100.8", "203.0.113.66", "198.51.100.200"})
}

// cloudIP is an address of the organisation's own workloads: private through an endpoint, or a NAT gateway.
func (w *world) cloudIP() string {
	if w.rnd.IntN(3) == 0 {
		return "10." + strconv.Itoa(w.rnd.IntN(64)) + "." + strconv.Itoa(w.rnd.IntN(256)) + "." + strconv.Itoa(4+w.rnd.IntN(250))
	}
	return "192.0.2." + strconv.Itoa(128+int(w.account.id[11]-'0')*8+w.rnd.IntN(3))
}
