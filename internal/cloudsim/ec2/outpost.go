package ec2

// No account here has an Outpost.

const outpostParams = "EnableLniAtDeviceIndex DisableLniAtDeviceIndex MapCustomerOwnedIpOnLaunch CustomerOwnedIpv4Pool"

const (
	mapCustomerOwned = "MapCustomerOwnedIpOnLaunch"
	customerPool     = "CustomerOwnedIpv4Pool"
	enableLNI        = "EnableLniAtDeviceIndex"
	disableLNI       = "DisableLniAtDeviceIndex"
)

// checkOutpost refuses a subnet on an Outpost. The API requires the Outpost's zone; the code and the text of an Outpost
// that doesn't exist aren't documented: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
func (r *request) checkOutpost() error {
	arn, given := r.params["OutpostArn"]
	switch {
	case !given:
		return nil
	case !r.has("AvailabilityZone") && !r.has("AvailabilityZoneId"):
		return missing("availabilityZone")
	}
	return invalidValue("Value (%s) for parameter outpostArn is invalid. The Outpost does not exist.", arn)
}

func (r *request) namesOutpost() bool {
	return r.has(mapCustomerOwned) || r.has(customerPool) || r.has(enableLNI) || r.has(disableLNI)
}

// modifyOutpost refuses to enable an attribute that only a subnet on an Outpost has, with a code that isn't documented.
// To disable it changes nothing.
func (r *request) modifyOutpost(s *subnet) ([]node, error) {
	if err := r.besides(mapCustomerOwned); err != nil {
		return nil, err
	}
	mapped, err := r.bool(mapCustomerOwned + ".Value")
	if err != nil {
		return nil, err
	}
	if err := r.checkIndex(); err != nil {
		return nil, err
	}
	switch {
	case mapped && !r.has(customerPool):
		return nil, missing("customerOwnedIpv4Pool")
	case mapped || r.has(customerPool) || r.has(enableLNI):
		return nil, notPermitted("The subnet %s is not associated with an Outpost", s.id)
	}
	return done(), nil
}

// checkIndex has the text that terraform-provider-aws#30901 quotes.
func (r *request) checkIndex() error {
	index, err := r.int(enableLNI, 1)
	if err == nil && (index < 1 || index > 64) {
		err = invalidValue("lni-at-device-index must be less than or equal to 64 and greater than or equal to 1")
	}
	return err
}
