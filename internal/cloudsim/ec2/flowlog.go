package ec2

import (
	"strconv"
	"strings"
	"time"
)

// flowLog is kept and shown. Nothing is logged.
type flowLog struct {
	*cell
	id      string
	created time.Time
	flowLogOptions
}

// flowLogOptions identify a flow log: there are no two with the same ones.
type flowLogOptions struct {
	resource, traffic                         string
	kind, destination, group, role, crossRole string
	format                                    string
	interval                                  int // seconds
	file                                      string
	hive, hourly                              bool
}

var typeFlowLog = resourceType{
	"fl-", "vpc-flow-log", "InvalidFlowLogId.NotFound", "InvalidFlowLogId.Malformed", "flow log ID",
}

const flowLogParams = "ResourceId ResourceType TrafficType LogDestinationType LogDestination LogGroupName LogFormat" +
	" DeliverLogsPermissionArn DeliverCrossAccountRole MaxAggregationInterval DestinationOptions TagSpecification"

// standardFormat: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-default
const standardFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport}" +
	" ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"

// createFlowLogs makes a flow log for each resource, or none.
func createFlowLogs(r *request) ([]node, error) {
	ids := r.list("ResourceId")
	if len(ids) == 0 {
		return nil, missing("ResourceId")
	}
	options, err := r.flowLogOptions()
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeFlowLog)
	if err != nil {
		return nil, err
	}
	var all []*flowLog
	for _, id := range ids {
		l := &flowLog{cell: r.cell, created: r.now, flowLogOptions: options}
		l.resource = id
		if err := r.mayLog(l); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	var made []string
	for _, l := range all {
		l.id = r.newID(typeFlowLog.prefix)
		r.cell.flowLogs[l.id] = l
		r.cell.tag(l.id, clone(tags))
		made = append(made, l.id)
	}
	answer := []node{itemsOf("flowLogIdSet", made), list("unsuccessful")}
	return append(answer, optional("clientToken", r.params["ClientToken"])...), nil
}

// mayLog refuses an unknown resource, and a second flow log with the same options.
func (r *request) mayLog(l *flowLog) error {
	k, known := map[string]resourceType{
		"VPC": typeVPC, "Subnet": typeSubnet, "NetworkInterface": typeInterface, "TransitGateway": typeTransit,
		"TransitGatewayAttachment": typeTransitAttachment,
	}[r.params["ResourceType"]]
	if !known {
		return invalidValue("Value (%s) for parameter resourceType is invalid.", r.params["ResourceType"])
	}
	if err := k.check(l.resource); err != nil {
		return err
	}
	if !held[k.prefix](r.cell, l.resource) {
		return k.missing(l.resource)
	}
	for _, there := range r.cell.flowLogs {
		if there.flowLogOptions == l.flowLogOptions {
			const text = "Error. There is an existing Flow Log with the same configuration and log destination."
			return refuse("FlowLogAlreadyExists", text)
		}
	}
	return nil
}

// flowLogOptions reads the options, which are the same for all resources:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func (r *request) flowLogOptions() (flowLogOptions, error) {
	o := flowLogOptions{
		kind:    orText(r.params["LogDestinationType"], "cloud-watch-logs"),
		traffic: r.params["TrafficType"], destination: r.params["LogDestination"], group: r.params["LogGroupName"],
		role: r.params["DeliverLogsPermissionArn"], crossRole: r.params["DeliverCrossAccountRole"],
		format: orText(r.params["LogFormat"], standardFormat),
		file:   orText(r.params["DestinationOptions.FileFormat"], "plain-text"),
	}
	var err error
	if o.interval, err = r.int("MaxAggregationInterval", 600); err != nil {
		return o, err
	}
	if o.hive, err = r.bool("DestinationOptions.HiveCompatiblePartitions"); err != nil {
		return o, err
	}
	if o.hourly, err = r.bool("DestinationOptions.PerHourPartition"); err != nil {
		return o, err
	}
	return o, r.checkFlowLog(o)
}

func (r *request) checkFlowLog(o flowLogOptions) error {
	ofTransit := strings.HasPrefix(r.params["ResourceType"], "TransitGateway")
	switch {
	case !oneOf(o.kind, "cloud-watch-logs s3 kinesis-data-firehose"):
		return invalidValue("Value (%s) for parameter logDestinationType is invalid.", o.kind)
	case o.traffic == "" && !ofTransit:
		return missing("TrafficType")
	case o.traffic != "" && !oneOf(o.traffic, "ACCEPT REJECT ALL"):
		return invalidValue("Value (%s) for parameter trafficType is invalid.", o.traffic)
	case o.interval != 60 && o.interval != 600:
		return refuse("InvalidParameter", "Invalid Flow Log Max Aggregation Interval")
	}
	return o.checkDestination()
}

func (o flowLogOptions) checkDestination() error {
	empty := func(name string) error {
		return refuse("InvalidParameter", "%s can't be empty if LogDestinationType is %s.", name, o.kind)
	}
	toLogs := o.kind == "cloud-watch-logs"
	switch {
	case toLogs && o.group == "" && o.destination == "":
		return empty("LogGroupName")
	case toLogs && o.role == "":
		return empty("DeliverLogsPermissionArn")
	case !toLogs && o.destination == "":
		return empty("LogDestination")
	}
	return nil
}

func deleteFlowLogs(r *request) ([]node, error) {
	ids := r.list("FlowLogId")
	if len(ids) == 0 {
		return nil, missing("FlowLogId")
	}
	for _, id := range ids {
		if err := typeFlowLog.check(id); err != nil {
			return nil, err
		}
		if !has(r.cell.flowLogs, id) {
			const text = "These flow log ids in the input list are not found: [TotalCount: 1] %s"
			return nil, refuse(typeFlowLog.notFound, text, id)
		}
	}
	for _, id := range ids {
		r.cell.forget(id)
		delete(r.cell.flowLogs, id)
	}
	return []node{list("unsuccessful")}, nil
}

var flowLogListing = listing[*flowLog]{
	set:          "flowLogSet",
	ids:          "FlowLogId",
	resourceType: typeFlowLog,
	most:         1000,
	id:           func(l *flowLog) string { return l.id },
	filters: filters[*flowLog]{
		"flow-log-id":          one(func(l *flowLog) string { return l.id }),
		"resource-id":          one(func(l *flowLog) string { return l.resource }),
		"traffic-type":         one(func(l *flowLog) string { return l.traffic }),
		"log-destination-type": one(func(l *flowLog) string { return l.kind }),
		"log-group-name":       one(func(l *flowLog) string { return l.group }),
		"deliver-log-status":   one(func(*flowLog) string { return "SUCCESS" }),
	},
	show: (*flowLog).show,
}

func describeFlowLogs(r *request) ([]node, error) {
	return describe(r, flowLogListing, sorted(r.cell.flowLogs))
}

func (l *flowLog) show() []node {
	nodes := []node{
		leaf("flowLogId", l.id), leaf("flowLogStatus", "ACTIVE"), leaf("deliverLogsStatus", "SUCCESS"),
		leaf("creationTime", l.created), leaf("resourceId", l.resource), leaf("logDestinationType", l.kind),
		leaf("logFormat", l.format), leaf("maxAggregationInterval", strconv.Itoa(l.interval)), l.taggedNode(l.id),
	}
	if l.kind == "s3" {
		nodes = append(nodes, group("destinationOptions", leaf("fileFormat", l.file),
			leaf("hiveCompatiblePartitions", l.hive), leaf("perHourPartition", l.hourly)))
	}
	for name, value := range map[string]string{
		"trafficType": l.traffic, "logDestination": l.destination, "logGroupName": l.group,
		"deliverLogsPermissionArn": l.role, "deliverCrossAccountRole": l.crossRole,
	} {
		nodes = append(nodes, optional(name, value)...)
	}
	return nodes
}
