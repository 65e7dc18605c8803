package cfn

import (
	"fmt"
	"strconv"
)

type instanceProperties struct {
	ImageID             string `json:"ImageId"`
	InstanceType        string
	SubnetID            string `json:"SubnetId"`
	IamInstanceProfile  string
	EbsOptimized        bool
	SecurityGroupIDs    []string `json:"SecurityGroupIds"`
	BlockDeviceMappings []struct {
		DeviceName string
		Ebs        struct {
			Encrypted  bool
			VolumeType string
		}
	}
	MetadataOptions struct {
		HTTPEndpoint            string `json:"HttpEndpoint"`
		HTTPTokens              string `json:"HttpTokens"`
		HTTPPutResponseHopLimit int    `json:"HttpPutResponseHopLimit"`
	}
	Tags []tag
}

func createInstance(d *deployment, _ string, p instanceProperties) (made, error) {
	params := listed(map[string]string{
		"MinCount": "1", "MaxCount": "1", "ImageId": p.ImageID, "InstanceType": p.InstanceType, "SubnetId": p.SubnetID,
		"IamInstanceProfile.Name":      p.IamInstanceProfile,
		"EbsOptimized":                 strconv.FormatBool(p.EbsOptimized),
		"MetadataOptions.HttpEndpoint": p.MetadataOptions.HTTPEndpoint,
		"MetadataOptions.HttpTokens":   p.MetadataOptions.HTTPTokens,
	}, "SecurityGroupId", p.SecurityGroupIDs)
	if hops := p.MetadataOptions.HTTPPutResponseHopLimit; hops > 0 {
		params["MetadataOptions.HttpPutResponseHopLimit"] = strconv.Itoa(hops)
	}
	for i, m := range p.BlockDeviceMappings {
		at := fmt.Sprintf("BlockDeviceMapping.%d.", i+1)
		params[at+"DeviceName"], params[at+"Ebs.VolumeType"], params[at+"Ebs.Encrypted"] = m.DeviceName, m.Ebs.VolumeType,
			strconv.FormatBool(m.Ebs.Encrypted)
	}
	answer, err := d.ec2("RunInstances", tagged("instance", p.Tags, params))
	if err != nil {
		return made{}, err
	}
	id := answer.first("instanceId")
	return made{id, map[string]string{"InstanceId": id, "PrivateIp": answer.first("privateIpAddress")}}, nil
}

func updateInstance(d *deployment, id string, before, after instanceProperties) (made, error) {
	return d.resources[id], d.retag(d.resources[id].ref, before.Tags, after.Tags)
}

func removeInstance(d *deployment, r made, _ instanceProperties) error {
	_, err := d.ec2("TerminateInstances", map[string]string{"InstanceId.1": r.ref})
	return err
}

type profileProperties struct {
	InstanceProfileName string
	Roles               []string
}

func createProfile(d *deployment, id string, p profileProperties) (made, error) {
	name := d.physical(p.InstanceProfileName, id)
	arn := d.global("instance-profile/" + name)
	if len(p.Roles) != 1 {
		return made{}, fmt.Errorf("an instance profile has one role, not %d", len(p.Roles))
	}
	d.cloud.IAM.PutProfile(arn, p.Roles[0])
	return made{name, map[string]string{"Arn": arn}}, nil
}

func removeProfile(d *deployment, r made, _ profileProperties) error {
	d.cloud.IAM.DeleteProfile(r.attributes["Arn"])
	return nil
}
