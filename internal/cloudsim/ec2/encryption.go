package ec2

import "strings"

const (
	encryptionParam = "VpcEncryptionControl"
	vpcParams       = "CidrBlock InstanceTenancy TagSpecification " + encryptionParam + " " + blockParams
)

// encryptionExclusions are the resources whose traffic can be left out, as a VPC shows them.
var encryptionExclusions = []string{
	"internetGateway", "egressOnlyInternetGateway", "natGateway", "virtualPrivateGateway", "vpcPeering", "lambda",
	"vpcLattice", "elasticFileSystem",
}

// encryptionControl is kept and shown, and has no effect on traffic.
type encryptionControl struct {
	id, mode string // the id is empty for a VPC without
	excluded map[string]bool
}

var typeEncryptionControl = resourceType{prefix: "vpcec-"}

// encryptionControl reads the control of a new VPC. It has no id yet; the mode is empty if the request has none.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEncryptionControlConfiguration.html
func (r *request) encryptionControl() (encryptionControl, error) {
	c := encryptionControl{excluded: map[string]bool{}}
	if !r.has(encryptionParam) {
		return c, nil
	}
	given := r.within(encryptionParam)
	var err error
	if c.mode, err = given.must("Mode"); err != nil {
		return c, err
	}
	if c.mode != "monitor" && c.mode != "enforce" {
		return c, invalidValue("Value (%s) for parameter mode is invalid.", c.mode)
	}
	for _, name := range encryptionExclusions {
		parameter := strings.ToUpper(name[:1]) + name[1:] + "Exclusion"
		switch v := given[parameter]; v {
		case "", disabled:
		case enabled:
			c.excluded[name] = true
		default:
			return c, invalidValue("Value (%s) for parameter %s is invalid.", v, lowerFirst(parameter))
		}
	}
	return c, nil
}

// showEncryption returns nothing for a VPC without encryption control.
func (v *vpc) showEncryption() []node {
	if v.encryption.id == "" {
		return nil
	}
	var exclusions []node
	for _, name := range encryptionExclusions {
		state := "disabled"
		if v.encryption.excluded[name] {
			state = "enabled"
		}
		exclusions = append(exclusions, group(name, leaf("state", state)))
	}
	return []node{group("encryptionControl",
		leaf("vpcId", v.id), leaf("vpcEncryptionControlId", v.encryption.id), leaf("mode", v.encryption.mode),
		leaf("state", stateAvailable), group("resourceExclusions", exclusions...))}
}
