package detecttest

import "time"

// do makes the records of a duty, at most limit, and returns how many.
func (w *world) do(d *duty, limit int, emit func([]byte) error) (int, error) {
	w.choose(d.by)
	start := w.now
	defer func() { w.now = start }()
	for i := range d.calls {
		if i == limit {
			return i, nil
		}
		if i > 0 {
			pause := 9000
			if d.quick {
				pause = 300
			}
			w.now = w.now.Add(time.Duration(200+w.rnd.IntN(pause)) * time.Millisecond)
		}
		s := &d.calls[i]
		// People try what they may not, builds run into guardrails while they are written, programs have been granted
		// what they need: the shares of refusals are 2 %, 1 % and 0.2 %.
		code := s.errorCode
		if chance := w.rnd.IntN(1000); code == "" && d.monthly == 0 && s.service != "signin" && s.service != "sts" && !s.data {
			if d.by.human() && chance < 20 || (d.by == terraform || d.by == delivery) && chance < 10 || d.by == workload && chance < 2 {
				code = refusal(s.service)
			}
		}
		w.record(d.by, s, code)
		if err := emit(w.buf); err != nil {
			return i, err
		}
	}
	return len(d.calls), nil
}

// refusal is a service's word for "not allowed". EC2 has its own.
func refusal(service string) string {
	switch service {
	case "ec2":
		return "Client.UnauthorizedOperation"
	case "iam", "s3", "cloudtrail", "lambda":
		return "AccessDenied"
	}
	return "AccessDeniedException"
}

// record writes one record in AWS's order of keys.
func (w *world) record(by caller, s *step, errorCode string) {
	region := w.region
	switch s.service {
	case "iam", "organizations", "account", "cloudfront", "route53", "sso-directory":
		region = "us-east-1" // global services record there
	}
	w.buf = append(w.buf[:0], `{"eventVersion":"1.11","userIdentity":`...)
	agent, ip := w.identity(by, s)
	w.put(`,"eventTime":"`)
	w.buf = w.now.AppendFormat(w.buf, time.RFC3339)
	w.put(`","eventSource":"`, s.service, `.amazonaws.com","eventName":"`, s.name, `","awsRegion":"`, region,
		`","sourceIPAddress":"`, ip, `","userAgent":"`, agent, `"`)
	if errorCode != "" {
		w.put(`,"errorCode":"`, errorCode, `","errorMessage":"`)
		if s.service == "signin" {
			w.put(errorCode, `"`)
		} else {
			w.put("User: ")
			w.arn()
			w.put(" is not authorized to perform: ", s.service, ":", s.name, ` because no identity-based policy allows the action"`)
		}
	}
	w.put(`,"requestParameters":`)
	w.fill(s.request)
	w.put(`,"responseElements":`)
	if errorCode != "" && s.service != "signin" {
		w.put("null")
	} else {
		w.fill(s.response)
	}
	if s.additional != nil {
		w.put(`,"additionalEventData":`)
		w.fill(s.additional)
	}
	w.put(`,"requestID":"`)
	w.uuid()
	w.put(`","eventID":"`)
	w.uuid()
	w.put(`","readOnly":`, truth(s.readOnly))
	kind := "AwsApiCall"
	if s.service == "signin" {
		kind = "AwsConsoleSignIn"
	}
	if s.details != nil {
		kind = "AwsServiceEvent"
		w.put(`,"serviceEventDetails":`)
		w.fill(s.details)
	}
	category := "Management"
	if s.data {
		category = "Data"
	}
	w.put(`,"eventType":"`, kind, `","managementEvent":`, truth(!s.data), `,"recipientAccountId":"`, w.account.id, `","eventCategory":"`, category, `"`)
	switch {
	case by == service || ip == agent || s.invokedBy != "": // calls within AWS have no TLS to tell of
	case w.me.fromConsole:
		w.put(`,"sessionCredentialFromConsole":"true"`)
	default:
		w.put(`,"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"`, s.service, ".", region, `.amazonaws.com"}`)
	}
	w.buf = append(w.buf, '}')
}

// identity writes userIdentity and returns the user agent and the source address.
func (w *world) identity(by caller, s *step) (agent, ip string) {
	me := &w.me
	agent, ip = me.agent, me.ip
	if by == directory {
		w.put(`{"type":"Unknown","principalId":"`, me.principal, `","arn":"","accountId":"`, w.account.id, `","accessKeyId":"","userName":"`, me.name, `"}`)
		return agent, ip
	}
	if by == service {
		name := s.invokedBy
		w.put(`{"type":"AWSService","invokedBy":"`, name, `"}`)
		return name, name
	}
	w.put(`{"type":"`, me.kind, `","principalId":"`, me.principal, `","arn":"`)
	w.arn()
	w.put(`","accountId":"`, w.account.id, `","accessKeyId":"`, me.accessKey, `"`)
	attributes := func() {
		w.put(`"attributes":{"creationDate":"`)
		w.buf = w.now.Truncate(time.Hour).AppendFormat(w.buf, time.RFC3339)
		w.put(`","mfaAuthenticated":"`, truth(me.mfa), `"}`)
	}
	switch {
	case me.kind == "IAMUser":
		w.put(`,"userName":"`, me.name, `"`)
		if me.fromConsole {
			w.put(`,"sessionContext":{`)
			attributes()
			w.put("}")
		}
	case me.kind == "Root":
		w.put(`,"sessionContext":{`)
		attributes()
		w.put("}")
	default:
		w.put(`,"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"`, me.issuer, `","arn":"arn:aws:iam::`, w.account.id, `:role`,
			me.path, me.name, `","accountId":"`, w.account.id, `","userName":"`, me.name, `"},`)
		attributes()
		if me.viaInstance {
			w.put(`,"ec2RoleDelivery":"2.0"`)
		}
		w.put("}")
	}
	if s.invokedBy != "" {
		w.put(`,"invokedBy":"`, s.invokedBy, `"`)
		agent, ip = s.invokedBy, s.invokedBy
	} else if by == serviceLinked || by == stack || by == controlTower {
		w.put(`,"invokedBy":"`, me.agent, `"`)
	}
	w.put("}")
	return agent, ip
}

// arn writes the caller's ARN.
func (w *world) arn() {
	switch w.me.kind {
	case "IAMUser":
		w.put("arn:aws:iam::", w.account.id, ":user/", w.me.name)
	case "Root":
		w.put("arn:aws:iam::", w.account.id, ":root")
	default:
		w.put("arn:aws:sts::", w.account.id, ":assumed-role/", w.me.name, "/", w.me.session)
	}
}

func (w *world) put(parts ...string) {
	for _, p := range parts {
		w.buf = append(w.buf, p...)
	}
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
