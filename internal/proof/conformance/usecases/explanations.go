package usecases

// Parts of explanations.
const (
	every    = `.*`
	overlaps = `overlapping blocks`
	leftover = `leftovers of a dead connection`
	second   = `a secondary block`
)

// filters counts the calls that moto can't answer; see replacing.
var filters = explanation{why: "AWS documents that DescribeVpcPeeringConnections has filters; moto ignores them, so " +
	"that ids are asked for by name"}

// explanations lists all differences that are not mistakes of ours: AWS's documented behavior, and that of moto 5.2.5.
// An explanation without a difference is a failure.
var explanations = []explanation{
	{every, `.*, seen`,
		`.* sees the (requester|accepter) of connection \d, (pending-acceptance|deleted|rejected), with .*`, theirs,
		"AWS documents that blocks are only returned of an active connection; moto shows both " +
			"sides' from the first answer on"},
	{every, `.*, seen`, `.* sees the tag Name=Marketing asks Finance of connection \d`, theirs,
		"AWS documents that tags apply only in the account and region where they were made; moto shows " +
			"the requester's to the accepter"},
	{every, `.*, seen`, `.* sees the tag (Name=marketing <> finance|autopeer:managed=autopeer) of connection \d`, ours,
		"moto takes the accepter's tags and never shows them"},
	{every, `connected, announced`,
		`.* as accepter, change: tag connection \d with Name=marketing <> finance, autopeer:managed=autopeer`, ours,
		"on moto the accepter is shown the requester's tags, so that none is missing"},
	{every, `accepted, seen`, `.* sees the tag autopeer:managed=autopeer of connection \d`, theirs,
		"on moto the accepter is shown the requester's tags, and the accepter's message has the " +
			"requester's side connected first"},
	{`names resolved`, `.*, seen`,
		`111111111111.* sees the accepter of connection 1, active, resolving names for its peer`, theirs,
		"AWS was recorded to show an account the options of its own sides only"},
	{`names resolved`, `.*, seen`,
		`222222222222.* sees the requester of connection 1, active, resolving names for its peer`, theirs,
		"as the one before"},
	{`names resolved`, `disconnected, seen`,
		`.* sees the (requester|accepter) of connection 1, deleted, resolving names for its peer`, theirs,
		"AWS was recorded to show nothing but ids of a deleted connection"},

	{overlaps, `.*, seen`,
		`.* sees (connection 1 as failed|the (requester|accepter) of connection 1, failed, as .*|the requester of ` +
			`connection 1, failed, with .*)`, ours,
		"AWS documents that a request for overlapping blocks fails; moto lets it be accepted"},
	{overlaps, `.*, seen`,
		`.* sees (connection 1 as pending-acceptance|the (requester|accepter) of connection 1, pending-acceptance, .*)`,
		theirs,
		"the same; autopeer doesn't accept it there either"},
	{overlaps, `accepted, announced`, `.* announces Peering Failed of connection 1.*`, ours, "the request has failed"},
	{overlaps, `accepted, announced`, `.* announces Peering Denied of connection 1.*`, theirs,
		"the request is pending, and denied for the same reason"},

	{second, `.*, seen`, `.* sees the accepter of connection 1, active, with 172\.30\.0\.0/16`, ours,
		"AWS documents that all of a VPC's blocks are in cidrBlockSet; moto never returns one"},
	{second, `.*, seen`, `Marketing's (main )?table routes 172\.30\.0\.0/16 to connection 1`, ours,
		"autopeer routes the blocks that the connection shows"},
	{second, `.*, announced`, `.* (route|routes) 172\.30\.0\.0/16 .*`, ours, "the same"},

	{leftover, `(deleted|asked|accepted), seen`, `.* routes .* to connection 1, a blackhole`, ours,
		"AWS documents that a route whose target is gone is a blackhole; on moto it stays active"},
	{leftover, `(deleted|asked|accepted|connected|disconnected), seen`,
		`.* routes .* to connection 1`, theirs, "the same"},
	{leftover, `(accepted|connected|disconnected), announced`,
		`.* announces Peering (Accepted|Connected|Disconnected) of connection 2.*`, ours,
		"a blackhole of a dead connection makes room"},
	{leftover, `(accepted|connected), seen`,
		`.* sees (connection 2 as active|the (requester|accepter) of connection 2, active, .*)`, ours, "the same"},
	{leftover, `(accepted|connected), seen`,
		`.* (routes .* to connection 2|tagged autopeer:connection=connection 2, tagged autopeer:managed=autopeer)`,
		ours, "the same"},
	{leftover, `accepted, announced`, `.* announces Peering Conflicting of connection 2.*`, theirs,
		"a route that is active stands in the way"},
	{leftover, `connected, announced`, `.* fails, retryable: connection 2 is still pending-acceptance`, theirs,
		"so the request is not accepted"},
	{leftover, `(accepted|connected), seen`,
		`.* sees (connection 2 as pending-acceptance|the (requester|accepter) of connection 2, pending-acceptance, .*)`,
		theirs, "the same"},
	{leftover, `(connected|disconnected), seen`,
		`.* admits .* tagged autopeer:connection=connection 1, tagged autopeer:managed=autopeer`, theirs,
		"the rule that makes room only for a connection that is accepted stays"},
}
