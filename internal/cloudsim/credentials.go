package cloudsim

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// key is the principal of an access key id.
type key struct {
	account, arn string
	until        time.Time // the end of the session; zero for a key without an end
}

func (k key) hasExpired() bool { return !k.until.IsZero() && !time.Now().Before(k.until) }

// Mint returns credentials for a principal, such as a role's. An account's own need no minting: its twelve
// digits are its access key id.
func (c *Cloud) Mint(account, principalARN string) (accessKeyID, secret string) {
	return c.mint(key{account: account, arn: principalARN})
}

func (c *Cloud) mint(k key) (accessKeyID, secret string) {
	accessKeyID = "ASIA" + rand.Text()[:16]
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[accessKeyID] = k
	return accessKeyID, rand.Text()
}

// Assume returns credentials for a service that takes on a role, if the role's trust policy admits the service. It
// supplies neither aws:SourceArn nor aws:SourceAccount, because Lambda doesn't document that its pollers do.
func (c *Cloud) Assume(service, roleARN, session string) (accessKeyID, secret string, err error) {
	if err := c.IAM.MayAssume(service, roleARN, nil); err != nil {
		return "", "", err
	}
	accessKeyID, secret = c.mint(sessionOf(roleARN, session))
	return accessKeyID, secret, nil
}

func sessionOf(roleARN, session string) key {
	account, name := iam.PrincipalOf(roleARN).Account, roleARN[strings.LastIndex(roleARN, "/")+1:]
	return key{account: account, arn: "arn:aws:sts::" + account + ":assumed-role/" + name + "/" + session}
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// principal is who an access key id stands for.
func (c *Cloud) principal(accessKeyID string) (key, bool) {
	if accountID.MatchString(accessKeyID) {
		return key{account: accessKeyID, arn: "arn:aws:iam::" + accessKeyID + ":root"}, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k, found := c.keys[accessKeyID]
	return k, found
}

// scope has the signer of a request, and its Region and service.
type scope struct{ accessKeyID, region, service string }

// parseScope reads the header of Signature Version 4:
// AWS4-HMAC-SHA256 Credential=AKID/date/region/service/aws4_request, SignedHeaders=…, Signature=…
func parseScope(header http.Header) (scope, bool) {
	_, credential, _ := strings.Cut(header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) != 5 || parts[4] != "aws4_request" {
		return scope{}, false
	}
	return scope{accessKeyID: parts[0], region: parts[2], service: parts[3]}, true
}

// identify fills in who calls. Its refusals are those that all services have in common:
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
func (c *Cloud) identify(header http.Header, call *apicall.Call) *Failure {
	if header.Get("Authorization") == "" {
		call.Service = guessService(header)
		return &Failure{
			Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token", Status: http.StatusForbidden,
		}
	}
	s, ok := parseScope(header)
	if !ok {
		call.Service = guessService(header)
		return &Failure{
			Code: "IncompleteSignature", Message: "Authorization header requires a credential scope.",
			Status: http.StatusBadRequest,
		}
	}
	call.Service, call.Region, call.AccessKeyID = s.service, s.region, s.accessKeyID
	k, found := c.principal(s.accessKeyID)
	switch {
	case !found && s.service == "ec2": // which has a code of its own
		return &Failure{
			Code: "AuthFailure", Message: "AWS was not able to validate the provided access credentials",
			Status: http.StatusUnauthorized,
		}
	case k.hasExpired() && s.service == "ec2":
		return &Failure{Code: "RequestExpired", Message: "Request has expired.", Status: http.StatusBadRequest}
	case k.hasExpired():
		return &Failure{
			Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: http.StatusForbidden,
		}
	case !found:
		return &Failure{
			Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid.",
			Status: http.StatusForbidden,
		}
	}
	call.Account, call.ARN = k.account, k.arn
	return nil
}

// guessService is for requests without a credential scope.
func guessService(header http.Header) string {
	target, _, _ := strings.Cut(header.Get("X-Amz-Target"), ".")
	switch target {
	case "AmazonSQS":
		return "sqs"
	case "AWSEvents":
		return "events"
	default:
		return "ec2"
	}
}
