package ec2

import "time"

// volume is an EBS volume of an instance.
type volume struct {
	*cell
	id               string
	instance         *instance // nil once the instance is terminated
	zone             string
	device, kind     string
	snapshot         string
	size             int // GiB
	iops, throughput int // zero for kinds that have none
	encrypted        bool
	ends             bool // with the instance
	since            time.Time
}

const standardSize = 8 // GiB of an image's root volume

// newVolumes reads the block device mappings of an instance. Its root volume needs none.
func (r *request) newVolumes() ([]*volume, error) {
	image := imageOf(r.params["ImageId"], r.cell.region)
	root := &volume{
		cell: r.cell, device: image.device, kind: "gp3", snapshot: image.snapshot(), size: standardSize,
		ends: true, since: r.now,
	}
	all := []*volume{root}
	for _, mapping := range r.items("BlockDeviceMapping") {
		if !mapping.has("Ebs") {
			continue // an ephemeral or suppressed device
		}
		v := root
		if mapping["DeviceName"] != root.device {
			v = &volume{cell: r.cell, device: mapping["DeviceName"], kind: "gp2", size: standardSize, ends: true, since: r.now}
			all = append(all, v)
		}
		if err := v.read(mapping.within("Ebs")); err != nil {
			return nil, err
		}
	}
	for _, v := range all {
		v.complete()
	}
	return all, nil
}

func (v *volume) read(ebs params) error {
	v.kind = orText(ebs["VolumeType"], v.kind)
	v.snapshot = orText(ebs["SnapshotId"], v.snapshot)
	var err error
	for name, place := range map[string]*int{"VolumeSize": &v.size, "Iops": &v.iops, "Throughput": &v.throughput} {
		if *place, err = ebs.int(name, *place); err != nil {
			return err
		}
	}
	if v.encrypted, err = ebs.bool("Encrypted"); err != nil {
		return err
	}
	if ebs.has("DeleteOnTermination") {
		v.ends, err = ebs.bool("DeleteOnTermination")
	}
	return err
}

// complete adds the defaults: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
func (v *volume) complete() {
	switch {
	case v.kind == "gp3" && v.iops == 0:
		v.iops = 3000
	case v.kind == "gp2":
		v.iops = min(max(3*v.size, 100), 16000)
	}
	if v.kind == "gp3" && v.throughput == 0 {
		v.throughput = 125
	}
}

// equip gives a new instance its options and volumes. The root volume has the instance's number.
func (r *request) equip(i *instance, options instanceOptions, tags tagSet) {
	i.options = options
	for n, v := range options.volumes {
		v.id = typeVolume.prefix + i.id[len(typeInstance.prefix):]
		if n > 0 {
			v.id = r.newID(typeVolume.prefix)
		}
		v.instance, v.zone = i, i.subnet.zone
		r.cell.volumes[v.id] = v
		r.cell.tag(v.id, clone(tags))
	}
	r.givePublicAddress(i)
}

// dropVolumes deletes the volumes that end with the instance and keeps the others.
func (i *instance) dropVolumes() {
	for _, v := range i.options.volumes {
		v.instance = nil
		if v.ends {
			v.forget(v.id)
			delete(v.volumes, v.id)
		}
	}
}

func (v *volume) state() string {
	if v.instance == nil {
		return "available"
	}
	return "in-use"
}

func (v *volume) attached() []*volume {
	if v.instance == nil {
		return nil
	}
	return []*volume{v}
}

func whileAttached(f func(*volume) string) func(*volume) []string {
	return func(v *volume) []string { return nonEmpty(v.attached(), f) }
}

var volumeListing = listing[*volume]{
	set:          "volumeSet",
	ids:          "VolumeId",
	resourceType: typeVolume,
	most:         1000,
	id:           func(v *volume) string { return v.id },
	filters: filters[*volume]{
		"volume-id":                        one(func(v *volume) string { return v.id }),
		"volume-type":                      one(func(v *volume) string { return v.kind }),
		"availability-zone":                one(func(v *volume) string { return v.zone }),
		"encrypted":                        one(flag(func(v *volume) bool { return v.encrypted })),
		"snapshot-id":                      one(func(v *volume) string { return v.snapshot }),
		"status":                           one((*volume).state),
		"attachment.instance-id":           whileAttached(func(v *volume) string { return v.instance.id }),
		"attachment.device":                whileAttached(func(v *volume) string { return v.device }),
		"attachment.status":                whileAttached(func(*volume) string { return "attached" }),
		"attachment.delete-on-termination": whileAttached(flag(func(v *volume) bool { return v.ends })),
	},
	show: showVolume,
}

func describeVolumes(r *request) ([]node, error) {
	return describe(r, volumeListing, sorted(r.cell.volumes))
}

func showVolume(v *volume) []node {
	nodes := []node{
		leaf("volumeId", v.id),
		leaf("size", v.size),
		leaf("snapshotId", v.snapshot),
		leaf("availabilityZone", v.zone),
		leaf("status", v.state()),
		leaf("createTime", v.since),
		leaf("volumeType", v.kind),
		leaf("encrypted", v.encrypted),
		leaf("multiAttachEnabled", false),
		listOf("attachmentSet", v.attached(), func(v *volume) []node {
			return []node{
				leaf("volumeId", v.id), leaf("instanceId", v.instance.id), leaf("device", v.device), leaf("status", "attached"),
				leaf("attachTime", v.since), leaf("deleteOnTermination", v.ends),
			}
		}),
		v.taggedNode(v.id),
	}
	if v.iops > 0 {
		nodes = append(nodes, leaf("iops", v.iops))
	}
	if v.throughput > 0 {
		nodes = append(nodes, leaf("throughput", v.throughput))
	}
	return nodes
}

// showMapping shows a volume among the block devices of its instance.
func showMapping(v *volume) []node {
	return []node{
		leaf("deviceName", v.device),
		group("ebs", leaf("volumeId", v.id), leaf("status", "attached"), leaf("attachTime", v.since),
			leaf("deleteOnTermination", v.ends)),
	}
}
