import ArgumentParser
import AsyncHTTPClient
import Hummingbird
import GRDB
import Yams
@main struct Muster: ParsableCommand { func run() {} }
