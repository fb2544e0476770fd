import Vocabulary

/// How a profile's machines are moved to a new release; flags of `muster roll` override these.
public typealias RolloutOptions = RollSpec
