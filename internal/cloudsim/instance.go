package cloudsim

import (
	"fmt"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ssm"
)

// InstanceCredentials returns the credentials that the instance's metadata service would give: those of its profile's
// role, for a session with the instance's id as its name. Calls with them take the way of the instance's subnet. It
// fails for an instance that doesn't run or has no role.
func (c *Cloud) InstanceCredentials(account, region, instanceID string) (accessKeyID, secret string, err error) {
	network, _ := c.EC2.(ssm.Network)
	if network == nil {
		return "", "", fmt.Errorf("credentials of %s: the cloud has no instances", instanceID)
	}
	for _, h := range network.Hosts(account, region) {
		if h.Instance != instanceID {
			continue
		}
		if role := c.IAM.RoleOfProfile(h.Profile); role != "" {
			accessKeyID, secret = c.Mint(account, "arn:aws:sts::"+account+":assumed-role/"+role+"/"+instanceID)
			return accessKeyID, secret, nil
		}
		return "", "", fmt.Errorf("credentials of %s: its instance profile has no role", instanceID)
	}
	return "", "", fmt.Errorf("credentials of %s: no such instance runs in %s of %s", instanceID, region, account)
}

// travel takes a call that an instance makes through its network. A call that is stopped there gets no answer: its
// connection is dropped.
func (c *Cloud) travel(call *apicall.Call) *Failure {
	network, _ := c.EC2.(ssm.Network)
	instance := call.ARN[strings.LastIndex(call.ARN, "/")+1:]
	if network == nil || !strings.Contains(call.ARN, ":assumed-role/") || !strings.HasPrefix(instance, "i-") {
		return nil
	}
	var stopped string
	call.Endpoint, stopped = network.Exit(call.Account, instance, call.Service)
	if stopped != "" && stopped != ssm.NoInstance { // the session of a person may have such a name
		return &Failure{Code: "Unreachable", Message: "stopped by " + stopped, Drop: true}
	}
	return nil
}
