package ec2

// Multipath resilience of inter-Region connections, in requests, answers and acceptances:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreatePeeringConnectionOptionsRequest.html.
const (
	multipathOption = "AllowMultipathResilience"
	multipathMode   = "MultipathResilienceMode"
	alwaysOn        = "always-on"
)

// multipathOption reads the option of a request. The code with which AWS refuses it inside a Region isn't documented.
func (r *request) multipathOption(c *connection) (bool, error) {
	for field := range r.within(requesterOptions) {
		if field != multipathOption && field != multipathMode {
			return false, refuse("UnknownParameter", "The parameter %s.%s is not recognized", requesterOptions, field)
		}
	}
	allow, err := r.bool(requesterOptions + "." + multipathOption)
	mode := r.params[requesterOptions+"."+multipathMode]
	switch {
	case err != nil:
		return false, err
	case mode != "" && !allow:
		return false, refuse("InvalidParameterCombination", "%s needs %s", multipathMode, multipathOption)
	case mode != "" && mode != alwaysOn:
		return false, refuse("InvalidParameterValue", "Value (%s) for parameter %s is invalid.", mode, multipathMode)
	case allow && !c.isInterRegion():
		return false, multipathInside()
	}
	return allow, nil
}

func multipathInside() error {
	return refuse("UnsupportedOperation",
		"Multipath resilience is supported only for inter-Region VPC peering connections.")
}

// multipathStatus is the connection's status while a side allows it. Whether AWS shows "disabled" for all other
// connections isn't recorded; the answers that are, from before the option, show nothing.
func (r *request) multipathStatus(c *connection) []node {
	status := "pending"
	switch {
	case !c.requester.multipath && !c.accepter.multipath, r.hidesMultipath(c):
		return nil
	case c.requester.multipath && c.accepter.multipath:
		status = "enabled"
	}
	return []node{leaf("multipathResilienceStatus", status)}
}

func (r *request) hidesMultipath(c *connection) bool {
	return r.opts.Switches.HiddenMultipath && !c.joined() && c.requester.accountRegion != r.cell.accountRegion
}

// multipathOptions returns the nodes of one side's options: none unless the side allows it.
func (s side) multipathOptions() []node {
	if !s.multipath {
		return nil
	}
	return []node{leaf(lowerFirst(multipathOption), true), leaf(lowerFirst(multipathMode), alwaysOn)}
}
