package cloudsim

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/xml"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// serveSTS answers the calls with which tools find out who they are and change into a role.
func (c *Cloud) serveSTS(w http.ResponseWriter, r *http.Request) {
	call := apicall.From(r.Context())
	switch call.Action {
	case "GetCallerIdentity":
		serveIdentity(w, call)
	case "AssumeRole":
		c.serveAssumeRole(w, call)
	default:
		refuseCall(w, call, Failure{
			Code: "InvalidAction", Message: "Could not find operation " + call.Action + " for version 2011-06-15",
		})
	}
}

func refuseCall(w http.ResponseWriter, call *apicall.Call, f Failure) {
	call.ErrorCode = f.Code
	refuseSTS(w, f)
}

func serveIdentity(w http.ResponseWriter, call *apicall.Call) {
	WriteXML(w, http.StatusOK, struct {
		XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		ARN       string   `xml:"GetCallerIdentityResult>Arn"`
		UserID    string   `xml:"GetCallerIdentityResult>UserId"`
		Account   string   `xml:"GetCallerIdentityResult>Account"`
		RequestID string   `xml:"ResponseMetadata>RequestId"`
	}{ARN: call.ARN, UserID: userID(call.Account, call.ARN), Account: call.Account, RequestID: apicall.UUID()})
}

// userID is the account's id for its own key, and ROLE-ID:SESSION for the session of a role.
func userID(account, arn string) string {
	path := strings.Split(arn[strings.LastIndex(arn, ":")+1:], "/")
	if path[0] != "assumed-role" || len(path) != 3 {
		return account
	}
	sum := sha256.Sum256([]byte(account + "/" + path[1]))
	return "AROA" + base32.StdEncoding.EncodeToString(sum[:])[:17] + ":" + path[2]
}

var (
	roleARN     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?[\w+=,.@-]{1,64}$`)
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

const (
	shortestSession = 15 * time.Minute
	usualSession    = time.Hour
	longestSession  = 12 * time.Hour
)

// serveAssumeRole: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html. Session policies and tags
// aren't read.
func (c *Cloud) serveAssumeRole(w http.ResponseWriter, call *apicall.Call) {
	role, session := call.Params["RoleArn"], call.Params["RoleSessionName"]
	duration, problem := durationOf(call.Params["DurationSeconds"])
	switch {
	case !roleARN.MatchString(role):
		problem = role + " is invalid"
	case !sessionName.MatchString(session):
		problem = "1 validation error detected: Value '" + session + "' at 'roleSessionName' failed to satisfy constraint: " +
			"Member must satisfy regular expression pattern: [\\w+=,.@-]*"
	}
	if problem != "" {
		refuseCall(w, call, Failure{Code: "ValidationError", Message: problem})
		return
	}
	keys := iam.Keys{"sts:RoleSessionName": {session}}
	if id := call.Params["ExternalId"]; id != "" {
		keys["sts:ExternalId"] = []string{id}
	}
	if err := c.IAM.AssumeRole(iam.Principal{Account: call.Account, ARN: call.ARN}, role, keys); err != nil {
		refuseCall(w, call, Failure{Code: "AccessDenied", Message: err.Error(), Status: http.StatusForbidden})
		return
	}
	k := sessionOf(role, session)
	k.until = time.Now().Add(duration)
	writeSession(w, c, k)
}

func durationOf(seconds string) (d time.Duration, problem string) {
	if seconds == "" {
		return usualSession, ""
	}
	n, err := strconv.Atoi(seconds)
	if d = time.Duration(n) * time.Second; err != nil || d < shortestSession || d > longestSession {
		return 0, "1 validation error detected: Value '" + seconds + "' at 'durationSeconds' failed to satisfy constraint: " +
			"Member must have value between 900 and 43200"
	}
	return d, ""
}

func writeSession(w http.ResponseWriter, c *Cloud, k key) {
	type credentials struct {
		ID      string `xml:"AccessKeyId"`
		Secret  string `xml:"SecretAccessKey"`
		Token   string `xml:"SessionToken"`
		Expires string `xml:"Expiration"`
	}
	id, secret := c.mint(k)
	WriteXML(w, http.StatusOK, struct {
		XMLName     xml.Name    `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
		Credentials credentials `xml:"AssumeRoleResult>Credentials"`
		ARN         string      `xml:"AssumeRoleResult>AssumedRoleUser>Arn"`
		UserID      string      `xml:"AssumeRoleResult>AssumedRoleUser>AssumedRoleId"`
		RequestID   string      `xml:"ResponseMetadata>RequestId"`
	}{
		Credentials: credentials{id, secret, secret, k.until.UTC().Format("2006-01-02T15:04:05.000Z")},
		ARN:         k.arn, UserID: userID(k.account, k.arn), RequestID: apicall.UUID(),
	})
}
